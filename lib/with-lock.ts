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
 * released, whether `work` succeeded or not. If `work` failed, its own error is thrown.
 *
 * Not promised: what `lock` does not promise. `signal` and `timeout` apply to acquiring the lock only. Pass them to
 * `work` yourself if it should stop too. `work` must not take the lock again: it would wait for itself.
 *
 * @param path As for `lock`.
 * @param work Receives the lease, whose `signal` is aborted if the lock is lost; returns a value or a promise (in the
 *   sync form, a value).
 * @returns What `work` returned, or what its promise resolved to.
 * @throws What `work` threw. `ERR_LEASE_LOST`: `work` came to its end, but another holder has taken the lock over
 *   meanwhile. What `lock` throws.
 *
 * @example
 * const total = await withLock('counter', async ({ fence }) => add(1, { fence }), { timeout: 5_000 })
 */
export const withLock = dual(
  function* withLock<T>(
    path: string | URL,
    work: (lease: Lease) => T | PromiseLike<T>,
    options: LockOptions = {},
  ): Steps<T> {
    const locking = asLocking(path, options, 'withLock')
    if (asFunction(work, 'work') === undefined) throw refusal('ERR_INVALID_ARG_TYPE', 'work', 'of type function', work)
    const steps = (hold: Hold) => {
      const value = work(new Lease(hold))
      // If the call is interrupted while `work` runs, the lock is released only after `work` has ended.
      return finishAnyway(() => attended(hold, value))
    }
    return (yield* whileHeld(yield* acquire(locking), steps)) as T
  },
  { turns: lockTurn, patient: true },
) as WithLock

export interface WithLock {
  <T>(path: string | URL, work: (lease: Lease) => T | PromiseLike<T>, options?: LockOptions): Promise<Awaited<T>>
  /** The same, without a promise; `work` must not return one either. */
  sync<T>(path: string | URL, work: (lease: Lease) => T, options?: LockOptions): T
  /** The same, as steps of a larger algorithm. */
  steps<T>(path: string | URL, work: (lease: Lease) => T | PromiseLike<T>, options?: LockOptions): Steps<Awaited<T>>
}
