// Where no reply of the filesystem is ever lost: there ENOENT means that another call was first.

import { dirname } from 'node:path'
import { isSystemError } from '../core/errors.js'
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
  const above = dirname(dir)
  const there = yield* fs.stat(dir, orNothing)
  if (there && there.dev !== (yield* fs.stat(above, orNothing))?.dev) return false
  return yield* fs.local(above)
}
