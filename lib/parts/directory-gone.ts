// Where directories are found by their paths, a call that deletes sees that another one has removed the directory that it works
// in. Then all that was in that directory is gone, too, which is no failure. Where a directory is open, each name says so.

import { fs, orNothing, type Steps } from '../core/steps.js'
import { reopenAbove } from './directory-above.js'
import { movedError, type OpenDirectory } from './directory-handle.js'
import { sameInode } from './identity.js'

/** Returns false if nothing has the path of the directory any more; throws EAGAIN if the path leads elsewhere. */
export function* isStillThere(dir: OpenDirectory): Steps<boolean> {
  if (dir.fd !== undefined) return true
  const now = yield* fs.lstat(dir.path, orNothing)
  if (now && !sameInode(now, dir.was)) throw movedError(dir.shown)
  return now !== undefined
}

/** Opens the directory that `inner` is in, as `reopenAbove` does. It may be gone. */
export function* reopenUnlessGone(inner: OpenDirectory, above: OpenDirectory): Steps<void> {
  if (inner.fd === undefined) yield* isStillThere(above)
  else yield* reopenAbove(inner, above)
}
