import { cannotLink, hasCode } from '../core/errors.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import type { Trial } from '../parts/achieve.js'
import { duplicate, kindOf } from '../parts/duplicate.js'
import { giving, isSpent } from '../parts/publish.js'
import { type Staged, staged } from '../parts/stage.js'

/**
 * Makes a copy beside `to`, and publishes it in one step. Returns `taken` if something has the name, and `replace` is
 * not set.
 */
export function* publishCopy(from: string, to: string, replace: boolean, trial: Trial): Steps<'copied' | 'taken'> {
  return yield* staged(
    to,
    path => makeCopy(from, path),
    stage => publishStage(stage, to, replace, trial),
  )
}

function* makeCopy(from: string, path: string): Steps<void> {
  yield* duplicate(from, path, kindOf(yield* fs.lstat(from)), { times: false, owner: false, synced: false })
}

function* publishStage(
  stage: Staged<void>,
  to: string,
  replace: boolean,
  { publication }: Trial,
): Steps<'copied' | 'taken'> {
  if (!replace) {
    try {
      // Within one directory, a link may be possible all the same.
      yield* giving(publication, to, fs.link(stage.path, to))
      return 'copied'
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return 'taken'
      if (!cannotLink(error)) throw error
      // On this filesystem no name can be claimed: this look is the weaker promise that the doc comment of `link`
      // describes.
      if (yield* fs.lstat(to, orNothing)) return 'taken'
    }
  }
  yield* giving(publication, to, fs.rename(stage.path, to), () => isSpent(stage.path))
  stage.spent = true
  return 'copied'
}
