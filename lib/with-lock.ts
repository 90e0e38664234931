import { dual } from './core/dual.js'
import { asFunction, refusal } from './core/input.js'
import type { Steps } from './core/steps.js'
import { acquire } from './lock/acquire.js'
import { attended, type Hold, whileHeld } from './lock/hold.js'
import { Lease } from './lock/lease.js'
import { asLocking, lockTurn } from './lock/options.js'
import type { LockOptions } from './lock.js'
import { finishAnyway } from './parts/cleanup.js'

/**
 * Runs a function while a lock is held.
 *
 * Holds afterwards: `work` ran, from its beginning to its end, while this call held the lock of `path`, and the lock is
 * given back, whatever came of it. If `work` failed, its own error comes out.
 *
 * Not promised: what `lock` does not promise. `signal` and `timeout` end the waiting for the lock, never `work`: hand them
 * on to it if they shall. The lock must not be taken again inside: that would wait for itself.
 *
 * @param path As for `lock`.
 * @param work Gets the lease, whose `signal` is aborted if the lock is lost; answers a value or a promise (in the sync
 *   form a value).
 * @returns What `work` answered.
 * @throws What `work` threw. `ERR_LEASE_LOST`: it came to its end, and another has taken over meanwhile. What `lock` throws.
 *
 * @example
 * const total = await withLock('counter', async ({ fence }) => add(1, { fence }), { timeout: 5_000 })
 */
export const withLock = dual(function* withLock<T>(
  path: string | URL,
  work: (lease: Lease) => T | PromiseLike<T>,
  options: LockOptions = {},
): Steps<T> {
  const locking = asLocking(path, options, 'withLock')
  if (asFunction(work, 'work') === undefined) throw refusal('ERR_INVALID_ARG_TYPE', 'work', 'of type function', work)
  const steps = (hold: Hold) => {
    const answer = work(new Lease(hold))
    // Whoever is stopped while it works gives nothing back before it is done.
    return finishAnyway(() => attended(hold, answer))
  }
  return (yield* whileHeld(yield* acquire(locking), steps)) as T
}, lockTurn) as WithLock

export interface WithLock {
  <T>(path: string | URL, work: (lease: Lease) => T | PromiseLike<T>, options?: LockOptions): Promise<Awaited<T>>
  /** The same, at once; `work` must answer at once, too. */
  sync<T>(path: string | URL, work: (lease: Lease) => T, options?: LockOptions): T
  /** The same, as steps of a larger algorithm. */
  steps<T>(path: string | URL, work: (lease: Lease) => T | PromiseLike<T>, options?: LockOptions): Steps<Awaited<T>>
}
