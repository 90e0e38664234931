import type { Steps } from './core/steps.js'
import { asSharedLocking, lockTurn } from './lock/options.js'
import { ownCircle } from './lock/slots/circle.js'
import { type WithLock, withLockBy } from './lock/work.js'

export type { WithLock } from './lock/work.js'

/**
 * Runs a function while a lock is held.
 *
 * Holds afterwards: `work` ran, from its beginning to its end, while this call held the lock of `path`, and the lock is
 * released, whether `work` succeeded or not. If `work` failed, its own error is thrown.
 *
 * Not promised: what `lock` does not promise. `signal` and `timeout` apply to acquiring the lock only. Pass them to
 * `work` yourself if it should stop too. `work` cannot take the lock again: what it calls is refused that, and waits in
 * no line of its thread for others. In the work of a lock that is shared, it may be shared again.
 *
 * @param path As for `lock`: a path, or several; with `shared` or `holders`, together with others.
 * @param work Receives the lease, whose `signal` is aborted if the lock is lost; returns a value or a promise (in the
 *   sync form, a value).
 * @returns What `work` returned, or what its promise resolved to.
 * @throws What `work` threw, unchanged, whatever has become of the lock, the `timeout` or the `signal` meanwhile.
 *   `ERR_LEASE_LOST`: `work` came to its end, but the lock was lost meanwhile (the message says how, and `holder` who has it). `ERR_LOCK_HELD`: this call is inside the work of one that holds the lock. What `lock` throws.
 *
 * @example
 * const total = await withLock('counter', async ({ fence }) => add(1, { fence }), { timeout: 5_000 })
 * const index = await withLock('index', () => readIndex(), { shared: true })
 */
export const withLock: WithLock = withLockBy({
  locking: asSharedLocking,
  turn: lockTurn,
  run: <T>(steps: Steps<T>) => steps,
  circle: ownCircle,
})
