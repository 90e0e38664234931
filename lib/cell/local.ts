// Where no reply of the filesystem is ever lost: there ENOENT means that another call was first.

import { dirname } from 'node:path'
import { isSystemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'

/** Is the cell on a local filesystem? Its name may be a link that leads elsewhere, or a mount point. */
export function* isLocalCell(dir: string): Steps<boolean> {
  if (yield* fs.local(dir)) return true
  try {
    return yield* isWhereAboveIs(dir)
  } catch (error) {
    if (!isSystemError(error)) throw error
    return false
  }
}

/**
 * A cell that is gone was where the directory above it is. One that is there may have come only now, after it was asked
 * whether it is local.
 */
function* isWhereAboveIs(dir: string): Steps<boolean> {
  const there = yield* fs.stat(dir, orNothing)
  const [above, stats] = yield* lowestAbove(dir)
  if (there && there.dev !== stats?.dev) return false
  return yield* fs.local(above)
}

/** The directories above it may be gone, too. */
function* lowestAbove(dir: string): Steps<readonly [path: string, stats: Stats | undefined]> {
  for (let at = dirname(dir); ; at = dirname(at)) {
    const stats = yield* fs.stat(at, orNothing)
    if (stats || dirname(at) === at) return [at, stats]
  }
}
