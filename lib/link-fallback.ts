import { sameContent } from './core/same-content.js'
import { staged } from './core/stage.js'
import { fs, orNothing, type Steps } from './core/steps.js'
import { emplace } from './emplace.js'

/** Nothing can be linked: a copy, made ready beside `to`. Undefined: of a directory, or something else has the name. */
export function* copyTo(from: string, to: string, replace: boolean): Steps<'copied' | 'already' | undefined> {
  const source = yield* fs.lstat(from)
  if (!source.isFile() && !source.isSymbolicLink()) return undefined
  return yield* staged(
    to,
    function* (path) {
      if (source.isFile()) yield* fs.copyFile(from, path)
      else yield* fs.symlink(yield* fs.readlink(from), path)
    },
    function* (stage) {
      stage.spent = yield* put(stage.path, to, replace)
      if (stage.spent) return 'copied'
      return (yield* sameContent(from, to)) ? 'already' : undefined
    },
  )
}

function* put(stage: string, to: string, replace: boolean): Steps<boolean> {
  try {
    return yield* emplace.steps(stage, to, { ifAbsent: !replace, durability: 'none' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_NO_HARD_LINKS') throw error
    // No claim can be made on this filesystem, so this is the weaker promise that the documentation names.
    if (yield* fs.lstat(to, orNothing)) return false
    return yield* emplace.steps(stage, to, { durability: 'none' })
  }
}
