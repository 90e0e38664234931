import { cannotLink, hasCode } from '../core/errors.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { duplicate } from '../parts/duplicate.js'
import { type Staged, staged } from '../parts/stage.js'

/** Where nothing can be linked: makes a copy beside `to`, and publishes it in one step. `taken`: something has the name. */
export function* publishCopy(from: string, to: string, replace: boolean): Steps<'copied' | 'taken'> {
  return yield* staged(
    to,
    path => copyAside(from, path),
    stage => publish(stage, to, replace),
  )
}

function* copyAside(from: string, path: string): Steps<void> {
  yield* duplicate(from, path, yield* fs.lstat(from), { times: false, owner: false })
}

function* publish(stage: Staged<void>, to: string, replace: boolean): Steps<'copied' | 'taken'> {
  if (!replace) {
    try {
      // Within one directory, hard links may be available all the same.
      yield* fs.link(stage.path, to)
      return 'copied'
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return 'taken'
      if (!cannotLink(error)) throw error
      // On this filesystem no name can be claimed, so this is the weaker promise that the doc comment of `link` names.
      if (yield* fs.lstat(to, orNothing)) return 'taken'
    }
  }
  yield* fs.rename(stage.path, to)
  stage.spent = true
  return 'copied'
}
