// The package proper-lockfile 4.1.2, over `lock`.
//
// | | |
// |---|---|
// | kept to the letter | the module is `lock`; names, options, their defaults and limits; the pauses of `retries`; codes and messages; `release` once, `unlock` by path; the lock is a directory, `<file>.lock` or `lockfilePath`, of which nothing is left after the release or at the end of the process, also by SIGINT, SIGTERM, SIGHUP |
// | stronger | of several that find a stale lock, one takes it over; a holder that lives is never robbed by one that can see that, however late it is; what a killed process has held is free at once; a holder removes no lock but its own; a relative path stays what it was when the directory is changed; of several locks of one file at different places, each is released by its own `release` |
// | the same file, locked by proper-lockfile itself | its fresh lock is ELOCKED, and one that is older than `stale` by its mtime is taken over, by one process. A lock of this face is ELOCKED there (once it looks old, ENOTEMPTY), also that of a killed process, until this face takes it |
// | `fs` | makes the calls, also a `stat` and a `utimes` with each heartbeat, as there. It must lead to the same disk as Node's: what is a filesystem of its own (memfs) is not supported |
// | otherwise | neither an `rmdir` nor another mtime compromises a lock; a heartbeat that hangs does after `stale`; `check` is false as soon as the holder is known to be dead; what is neither package's lock, and old, is `ERR_NOT_A_CELL`; retries have no sync form, whatever their options |

import { drive, driveSync } from '../core/drive.js'
import { isLocked } from './proper-lockfile/check.js'
import { doorOf } from './proper-lockfile/door.js'
import { errorOf } from './proper-lockfile/errors.js'
import { acquire, giveBack, giveBackOf } from './proper-lockfile/lock.js'
import {
  asked,
  askedLock,
  type CheckingOptions,
  type LockingOptions,
  type UnlockingOptions,
} from './proper-lockfile/options.js'
import { pausesOf } from './proper-lockfile/pauses.js'

// Other names than the namespace below has, because a type of a namespace cannot be named after another in its file.
export type {
  CheckingOptions as CheckOptions,
  LockingOptions as LockOptions,
  UnlockingOptions as UnlockOptions,
} from './proper-lockfile/options.js'

/**
 * Takes the lock of a file.
 *
 * Holds afterwards: no other caller has it, until it is released or compromised, the holder dies, or it is silent for
 * `stale` ms on another machine.
 *
 * Not promised: that proper-lockfile itself, which locks the same file, can take what a killed holder of this face has left.
 *
 * @param file The file; with `realpath`, it must exist.
 * @param options `stale` (10,000 ms), `update` (`stale / 2`), `retries` (0), `realpath` (true), `lockfilePath`, `fs`, and
 *   `onCompromised`, which throws the error.
 * @returns A function that releases the lock, once.
 * @throws `ELOCKED` (with `file`) if it is held; ENOENT, and other errors of the system.
 *
 * @example
 * const release = await lockfile.lock('state.json', { retries: 5 })
 * try { await change('state.json') } finally { await release() }
 */
export async function lock(file: string, options?: LockingOptions): Promise<() => Promise<void>> {
  const door = doorOf(options?.fs)
  const held = await drive(acquire(askedLock(file, options), door), { door })
  return () => drive(giveBack(held), { door })
}

/** The same, without a promise, and without `retries` (`ESYNC`). */
export function lockSync(file: string, options?: LockingOptions): () => void {
  refuseRetries(options)
  const door = doorOf(options?.fs)
  const held = driveSync(acquire(askedLock(file, options), door), { door })
  return () => driveSync(giveBack(held), { door })
}

/**
 * Releases the lock of a file that any part of this process has taken.
 *
 * Holds afterwards: this process does not hold it. Of several of one file, it is the one at `lockfilePath`, or the last.
 *
 * @throws `ENOTACQUIRED` if there is none; `ECOMPROMISED` if another holder has it; errors of the system.
 */
export async function unlock(file: string, options?: UnlockingOptions): Promise<void> {
  await drive(giveBackOf(asked(file, options)), { door: doorOf(options?.fs) })
}

/** The same, without a promise. */
export function unlockSync(file: string, options?: UnlockingOptions): void {
  refuseRetries(options)
  driveSync(giveBackOf(asked(file, options)), { door: doorOf(options?.fs) })
}

/**
 * Is the file locked?
 *
 * Not promised: that this is still so when it is returned. To use the file, take the lock.
 *
 * @param options `stale` (10,000 ms): after which silence a holder that cannot be judged counts as dead.
 */
export async function check(file: string, options?: CheckingOptions): Promise<boolean> {
  return await drive(isLocked(asked(file, options)), { door: doorOf(options?.fs) })
}

/** The same, without a promise. */
export function checkSync(file: string, options?: CheckingOptions): boolean {
  refuseRetries(options)
  return driveSync(isLocked(asked(file, options)), { door: doorOf(options?.fs) })
}

/** All functions of the sync API look at them. */
function refuseRetries(options: LockingOptions | undefined): void {
  if (pausesOf(options?.retries).each.length > 0) throw errorOf('ESYNC')
}

/** The module itself is `lock`. */
const lockfile = Object.assign(lock, { lock, lockSync, unlock, unlockSync, check, checkSync })

declare namespace lockfile {
  type LockOptions = LockingOptions
  type UnlockOptions = UnlockingOptions
  type CheckOptions = CheckingOptions
}

export { lockfile as default, lockfile as 'module.exports' }
