// A copy-on-write clone of an open file, where the filesystem can make one.

import { dirname } from 'node:path'
import { type Errno, hasCode } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, type Path, type Steps } from '../core/steps.js'
import { sameInode } from './identity.js'

/** To try a clone takes longer than to copy fewer bytes than this. */
const leastBytes = 64n * 1024n

/**
 * What a clone fails with where there can be none. The last three are about names: `/proc` may be missing, and if
 * instead the target cannot be made, the copy that is made next says so.
 */
const cannotClone: readonly Errno[] = [
  ...(['ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EINVAL', 'ENOTTY', 'ENOSYS', 'ETXTBSY'] as const),
  ...(['ENOENT', 'EACCES', 'EPERM'] as const),
]

/** Deno makes an ordinary copy where a clone is asked for, without its holes, and nothing can interrupt that. */
const makesClones = process.versions.deno === undefined

/** Tries to clone the open file `source`, at `from`, to the private name `to`. Returns whether it has. */
export const tryClone = (source: number, from: Path, to: Path, was: Stats): Steps<boolean> =>
  cloneTo(to, source, from, to, was)

/** The same into a new file of that name, `target`, which is open and empty. Only Linux can do this. */
export const tryCloneInto = (target: number, source: number, from: Path, to: Path, was: Stats): Steps<boolean> =>
  cloneTo(target, source, from, to, was)

function* cloneTo(target: Path | number, source: number, from: Path, to: Path, was: Stats): Steps<boolean> {
  if (was.size < leastBytes || !makesClones) return false
  // Kept for a moment, because where there are no clones the attempt makes and removes a file in vain.
  const key = `no clone: ${was.dev} ${dirname(String(to))}`
  if (yield* fs.recall(key)) return false
  try {
    yield* fs.clone(source, from, target)
  } catch (error) {
    if (!hasCode(error, ...cannotClone)) throw error
    yield* fs.remember(key, true)
    return false
  }
  if (process.platform === 'linux' || sameInode(yield* fs.lstat(from), was)) return true
  // Outside Linux a path is cloned, and another file has that meanwhile.
  yield* fs.unlink(to)
  return false
}
