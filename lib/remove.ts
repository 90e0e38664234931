import { dual } from './core/dual.js'
import { asFunction, asName, type Patience } from './core/input.js'
import type { Progress } from './core/progress.js'
import type { Steps } from './core/steps.js'
import type { Trial } from './parts/achieve.js'
import { asDeleteJob } from './parts/delete-job.js'
import { removeAt } from './parts/set-aside.js'
import { type Filter, removeFiltered } from './remove/filtered.js'

export interface RemoveOptions extends Patience {
  /**
   * Called for each thing, for a directory after all that was in it is gone. A thing for which it returns false, or a promise
   * of that (not in the sync form), is left, and so are all directories above it. What is an error of `filter` is the error of
   * the call. It may be called again for a thing that is left, if other processes make things beside that meanwhile.
   * @default everything is removed
   */
  readonly filter?: Filter | undefined
  /** How many things are deleted at a time. @default 64 */
  readonly concurrency?: number | undefined
  /** Called for each thing that is deleted. An error that it throws ends the call. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/**
 * Removes a file, a link, or a directory with everything in it.
 *
 * Holds afterwards: at an instant after the call began nothing was at `path`, for every process, and the whole of it at
 * once. A directory first gets a private name and is deleted under that, so what other processes do inside it meanwhile is
 * in no one's way. Links are removed, and never followed: on Linux not even those that another process puts in the place of
 * directories meanwhile. Read-only directories of the caller's own are no obstacle. However deep it is, the call has at
 * most four files open on its way down, and two for each of up to eight directories beside each other; one that finds few
 * descriptors free, or `concurrency` 1, takes them one after the other.
 *
 * With `filter` it is otherwise: each thing is removed under its own name, one after the other, and only after `filter` was
 * asked about it. A call that fails or is stopped then leaves what is left in its place.
 *
 * Not promised: that no process makes it anew. Where a directory cannot be renamed (lower layers of overlayfs, a full
 * disk, and on Windows while something in it is open) it is deleted in place, and not at once. A process that is killed
 * meanwhile leaves a private name, for `sweep`. On Windows, where the directory above it allows no new names, several calls
 * may all return true. If something cannot be deleted, what is left is put back under its name; if the call is stopped, the
 * deletion goes on to its end, in the background of the promise form. Outside Linux, and where /proc is missing or Node's
 * permission model refuses its paths, a process that on purpose puts links in the place of directories inside can still, with luck, have something
 * else deleted: there, directories are compared on the way, and not held.
 *
 * @param path A path, or a `file:` URL. The root of a filesystem, `.` and `..` are refused.
 * @returns True if this call is known to have removed it. False if nothing was there, or another call removed it; or if
 *   this call did, and the filesystem reported an error all the same; or if `filter` kept something.
 * @throws EBUSY: it is a mount point, or there is one inside, which is named (`error.path`) and was not touched.
 *   ENOTEMPTY: a process that has the directory open went on making things in it for all of `retryFor`. EAGAIN:
 *   another user, who owns the directory that it is in or may write it while it has no sticky bit, has put a third
 *   user's directory at the private name; that was not touched, and is at `path` now. Other errors of the system,
 *   unchanged: EACCES, EPERM, EROFS ...
 *
 * @example
 * await remove('node_modules', { onProgress: ({ done, total }) => bar.update(done, { total }) })
 */
export const remove = dual(function remove(path: string | URL, options: RemoveOptions = {}): Steps<boolean> {
  const at = asName(path, 'path')
  const job = asDeleteJob(options, 1)
  const trial: Trial = { as: 'remove', path: at, retryFor: options.retryFor }
  const filter = asFunction(options.filter, 'options.filter')
  return filter ? removeFiltered(at, filter, job, trial) : removeAt(at, job, trial)
})
