import { cannotLink, hasCode } from '../core/errors.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { duplicate, kindOf } from '../parts/duplicate.js'
import { type Staged, staged } from '../parts/stage.js'

/**
 * Makes a copy beside `to`, and publishes it in one step. Returns `taken` if something has the name, and `replace` is
 * not set.
 */
export function* publishCopy(from: string, to: string, replace: boolean): Steps<'copied' | 'taken'> {
  return yield* staged(
    to,
    path => makeCopy(from, path),
    stage => publishStage(stage, to, replace),
  )
}

function* makeCopy(from: string, path: string): Steps<void> {
  yield* duplicate(from, path, kindOf(yield* fs.lstat(from)), { times: false, owner: false, synced: false })
}

function* publishStage(stage: Staged<void>, to: string, replace: boolean): Steps<'copied' | 'taken'> {
  if (!replace) {
    try {
      // Within one directory, a link may be possible all the same.
      yield* fs.link(stage.path, to)
      return 'copied'
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return 'taken'
      if (!cannotLink(error)) throw error
      // On this filesystem no name can be claimed: this look is the weaker promise that the doc comment of `link`
      // describes.
      if (yield* fs.lstat(to, orNothing)) return 'taken'
    }
  }
  yield* fs.rename(stage.path, to)
  stage.spent = true
  return 'copied'
}
