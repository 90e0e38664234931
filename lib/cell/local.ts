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
  const there = yield* fs.stat(dir, orNothing)
  const above = there && (yield* fs.stat(dirname(dir), orNothing))
  if (above) return there.dev === above.dev && (yield* fs.local(dirname(dir)))
  return yield* isAboveLocal(dir)
}

/** Asks the lowest directory above it that is there: another process may be removing all of them. */
function* isAboveLocal(dir: string): Steps<boolean> {
  for (let at = dirname(dir); ; at = dirname(at)) {
    if (yield* fs.local(at)) return true
    if (dirname(at) === at || (yield* fs.stat(at, orNothing))) return yield* fs.local(at)
  }
}
