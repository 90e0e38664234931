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

/** An open file that is to be cloned. */
export interface Clone {
  readonly source: number
  /** The path by which it was opened. */
  readonly from: Path
  /** The private name of the clone. */
  readonly to: Path
  readonly was: Stats
  /** Where the clone is to be, if that is known: a path that leads through a descriptor leads elsewhere a moment later. */
  readonly device?: bigint | undefined
}

/** Tries to clone the file. Returns whether it has. */
export const tryClone = (clone: Clone): Steps<boolean> => cloneTo(clone.to, clone)

/** The same into a new file of that name, `target`, which is open and empty. Only Linux can do this. */
export const tryCloneInto = (target: number, clone: Clone): Steps<boolean> => cloneTo(target, clone)

function* cloneTo(target: Path | number, { source, from, to, was, device }: Clone): Steps<boolean> {
  if (was.size < leastBytes || !makesClones) return false
  // Kept for a moment, because where there are no clones the attempt makes and removes a file in vain.
  const key = `no clone: ${was.dev} ${device ?? dirname(String(to))}`
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
