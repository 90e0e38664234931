import type { Steps } from './core/steps.js'
import { type Lock, lockBy } from './lock/functions.js'
import { asSharedLocking, lockTurn } from './lock/options.js'
import { ownCircle } from './lock/slots/circle.js'

export type { BreakOptions } from './lock/break.js'
export type { Lock, Locks } from './lock/functions.js'
export type { Takeover, Waiting } from './lock/holder/seen.js'
export type { Holder } from './lock/holder.js'
export type { Lease } from './lock/lease.js'
export type { LockOptions, SharingOptions } from './lock/options.js'
export type { PlaceOptions } from './lock/place.js'
export type { Paths } from './lock/wanted.js'

/**
 * Takes a lock. There is one for each path, among all threads, processes, containers and machines that see the path.
 *
 * Holds afterwards: until the lease is released or lost, no other caller holds the lock of `path`; and `fence`, the
 * fencing token, is greater than that of every holder before. If a holder dies, a process on the same machine and in
 * the same namespaces of pids and of time takes over at once; on Linux, any other process of the same boot as soon as the
 * holder's own `stale` has passed since its last heartbeat; and one of another boot or machine when that can be seen by the
 * filesystem's clock, with 2 s more (on ext4, xfs, btrfs, tmpfs, overlayfs, NFS, SMB), or when it, and calls of its boot
 * before it, have watched for that long: also one that looks only once. On Linux, a
 * worker thread that has ended is dead, though its process lives, and so is a process that has executed another program,
 * for those that may see that. A holder known to be alive never loses the lock, however late its heartbeat: after laptop
 * sleep, a blocked event loop, or a clock jump.
 *
 * Not promised: exclusion in real time against a holder on another machine or in another container that is alive, but
 * made no heartbeat for `stale` ms, or whose filesystem's clock was set forward by more than that. It loses the lock, and
 * is informed by `lease.signal`, `renew` and `release`; until then only the fencing token keeps its writes out. Nor that a
 * task may take the same lock twice (with `lock`, it would wait for itself). Nor that other threads may take a lock whose release failed while the cause lasts, or while its thread is blocked (it tries again in the
 * background).
 *
 * Calls take turns: in one thread it is first come, first served. Among threads and processes, one that has waited for
 * 100 ms is the next, before those that came later and before the holder itself (1 s where the lock is held for moments,
 * because to hand it over takes longer than that). The lock is kept for it for 100 ms, unless it has died.
 *
 * The lock is a directory, `<path>.lock`, or where `lockPath` or `lockDir` say, which stays; `path` itself need not exist
 * and is not touched. Callers that give other places have other locks. All users that may write the directory above may use
 * the lock, whichever user has made it, with whatever umask; what root makes belongs to the owner of that directory (but for
 * directories that `parents` makes).
 *
 * A call that gives up on a holder elsewhere leaves a private file beside the lock, for the next one of its user: it goes
 * when the lock is taken over, or with a `sweep`, by its age. `release({ remove: true })` and `sweep(dir, { locks: true })`
 * remove the directory when it can be known that no later fence will be as small: the first one is the microseconds of the
 * filesystem's clock. If something else removes the directory, that holds unless it does so within a tick of that clock. A
 * directory that something has emptied is free (on Windows, and where the set-user-ID bit of a directory is not kept, it is
 * taken for another package's).
 *
 * An empty directory that has no mark of this package is another package's lock (proper-lockfile's, for one): it is waited
 * for, and taken over only if `foreign` says so. While other packages lock the same path, give `foreign`, and release with
 * `remove`: they get no lock of ours that is there, held or free, however old it looks to them (proper-lockfile: `ELOCKED`, or
 * `ENOTEMPTY`). A holder of theirs whose lock was taken over finds out as it does elsewhere (`ECOMPROMISED`). What that
 * leaves open: a process that stands still for longer than the other package's own limit right between the last two calls of
 * a removal, or a holder of theirs that does so for longer than `foreign`; and outside Linux, where a directory cannot be
 * found by its descriptor, a lock that is made while another one is taken over.
 *
 * Several may hold one lock at the same time: `lock.shared(path)` together with all others that share it, and
 * `{ holders: n }` with n - 1 others. A call without these has the lock alone, and waits for all of them; those that come
 * later wait for it. Each of them has a slot, a lock beside the first (`<path>.lock.1` ...), which stays; so from then on a
 * call that wants the lock alone takes each slot, too.
 *
 * A call that waits says who holds the lock: to `onWait`, at once and then every second; to the diagnostics channel
 * `holdfast:wait` (`Waiting`, with `function` and `path`); and to stderr, if the process was started with
 * `NODE_DEBUG=holdfast`. A takeover from a dead holder is said to the channel `holdfast:takeover` (`Takeover`), and to
 * stderr, too. A lock with a `label`, and one whose lease has published something, has a file beside it while it is held.
 *
 * - `lock(['a', 'b'])`: all the locks, or none. It waits for one at a time and holds none meanwhile, so calls that want the
 *   same locks in other orders do not wait for each other in a circle. Paths that lead to one lock are one. Not with
 *   `holders` or `lockPath`.
 * - `lock.try(path)`: returns undefined instead of waiting. Calls that only pass on their way to a slot are waited for.
 *   (And for 100 ms one to which a release on another machine has handed the lock over.)
 * - `lock.holder(path)`: returns who holds the lock (`pid`, `thread`, `host`, `since`, `alive`, `fence`, `label`, and the
 *   `data` that it has published), or undefined; `lock.holders(path)`: all that hold it together.
 * - `lock.break(path, { fence })`: ends the hold with this fence by force, for a holder that hangs, or that cannot be judged.
 *   The next fence is greater, and the holder gets `ERR_LEASE_LOST` with its next heartbeat: until then only the fencing
 *   token keeps its writes out. Refused with `ERR_LOCK_NOT_HELD` (`holder` says who has it instead) if the lock is not held
 *   with that fence any more, so that no other holder is hit.
 * - `lock.steps(path)`: returns a hold, for algorithms; `release` of `holdfast/steps` releases it.
 *
 * @param path A path, or a `file:` URL, or several. Links to directories on the way are followed; a link at the end of the path has
 *   a lock of its own.
 * @param options `lockPath`: the directory that is the lock. `lockDir`: a directory for the locks of all paths; there, the
 *   name of a lock is made of the path's last name and a digest of where the path leads. One of them at most. `mode`: that
 *   of a new lock.
 * @returns A lease: keep it. `lease.previous` says whether the holder before it died, so that this one can repair what that
 *   has left; `lease.publish(data)` shows data to others. `lease.release()`, `await using` or `withLock` releases it; a lease that is
 *   garbage-collected is released, the first of a thread with a process warning. Heartbeats keep no process alive, and a
 *   process that exits holds nothing.
 * @throws `ERR_LOCK_HELD`: `timeout` has passed (`cause` is the time-out, `holder` says who holds the lock, if
 *   the disk shows that in time); or the call
 *   would wait for itself: the sync form, if its thread holds the lock, and any form inside the work of `withLock`,
 *   `updateFile` or `getOrCreate`, if that holds it, by whatever spelling, link, or copy of this package. What `onWait`
 *   throws, unchanged.
 *   `ERR_LOCK_MISMATCH`: others share the lock in another way, with another number of `holders`. `ERR_NOT_A_CELL`: a file is
 *   there, a directory with other things in it, or a link, which is not followed. EACCES: not on Linux, and another user has
 *   put it into a sticky directory that others may write, where that user could make a link to another lock of it. The
 *   system's own error: ENOENT (no directory, and no `parents`), EACCES, EPERM, EROFS, ENAMETOOLONG (each says whose the lock
 *   is, as far as that can be seen, and what helps) ...
 *
 * @example
 * await using lease = await lock('deploy', { timeout: 30_000 })
 * await deploy({ fence: lease.fence, signal: lease.signal })
 *
 * @example
 * await using reading = await lock.shared('index') // many read, or one writes
 * await using slot = await lock('jobs', { holders: 3 }) // slot.slot is 1, 2 or 3
 * await using both = await lock(['from', 'to']) // both.fences has two
 *
 * Source of the protocol: leases with fencing (Gray and Cheriton 1989; Kleppmann 2016) on compare-and-swap of a state.
 */
export const lock: Lock = lockBy({
  locking: asSharedLocking,
  turn: lockTurn,
  run: <T>(steps: Steps<T>) => steps,
  circle: ownCircle,
})
