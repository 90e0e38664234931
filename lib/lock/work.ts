// `withLock`, of locks that are found by their paths, and of those below a root (../within.ts).

import { dual } from '../core/dual.js'
import { asFunction, refusal } from '../core/input.js'
import type { Steps } from '../core/steps.js'
import { finishAnyway } from '../parts/cleanup.js'
import { acquire } from './acquire.js'
import type { LockWay } from './functions.js'
import { attended, type Hold, inside, type Locking, whileHeld } from './hold.js'
import { Lease } from './lease.js'
import type { LockOptions } from './options.js'

export interface WithLock {
  <T>(path: string | URL, work: (lease: Lease) => T | PromiseLike<T>, options?: LockOptions): Promise<Awaited<T>>
  /** The same, without a promise; `work` must not return one either. */
  sync<T>(path: string | URL, work: (lease: Lease) => T, options?: LockOptions): T
  /** The same, as steps of a larger algorithm. */
  steps<T>(path: string | URL, work: (lease: Lease) => T | PromiseLike<T>, options?: LockOptions): Steps<Awaited<T>>
}

export const withLockBy = ({ locking, turn, run }: LockWay): WithLock =>
  dual(
    function withLock<T>(
      path: string | URL,
      work: (lease: Lease) => T | PromiseLike<T>,
      options: LockOptions = {},
    ): Steps<T> {
      const one = locking(path, options, 'withLock')
      if (asFunction(work, 'work') === undefined)
        throw refusal('ERR_INVALID_ARG_TYPE', 'work', 'of type function', work)
      return run(workUnderLock(one, work))
    },
    { turns: turn, patient: true },
  ) as WithLock

function* workUnderLock<T>(locking: Locking, work: (lease: Lease) => T | PromiseLike<T>): Steps<T> {
  const steps = (hold: Hold) => {
    const value = inside(hold, () => work(new Lease(hold)))
    // If the call is interrupted while `work` runs, the lock is released only after `work` has ended.
    return finishAnyway(() => attended(hold, value))
  }
  return (yield* whileHeld(yield* acquire(locking), steps)) as T
}
