// The way back up: from a directory that is open to one above it, which was closed meanwhile (./directory-handle.ts).

import { fs, type Steps } from '../core/steps.js'
import { assertUnmoved, close, movedError, type OpenDirectory, pathTo } from './directory-handle.js'
import { sameInode } from './identity.js'

/** Opens the directory that `inner` is in. Throws EAGAIN if `inner` is no longer in the same one. */
export function* reopenAbove(inner: OpenDirectory, above: OpenDirectory): Steps<void> {
  if (inner.fd === undefined || above.fd !== undefined) return yield* assertUnmoved(above)
  yield* openUp(inner, above, 1)
}

/** The same for a directory above that stays closed, so many levels up: returns another one that is open. */
export function* openAbove(inner: OpenDirectory, above: OpenDirectory, levels: number): Steps<OpenDirectory> {
  const open = { ...above }
  if (inner.fd === undefined) yield* assertUnmoved(open)
  else yield* openUp(inner, open, levels)
  return open
}

function* openUp(inner: OpenDirectory, above: OpenDirectory, levels: number): Steps<void> {
  above.fd = yield* fs.open(`${pathTo(inner)}${'/..'.repeat(levels)}`, 'r directory')
  if (sameInode(yield* fs.fstat(above.fd), above.was)) return
  yield* close(above)
  throw movedError(inner.shown)
}
