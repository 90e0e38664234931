// `withLock`, of locks that are found by their paths, and of those below a root (../within.ts).

import { dual } from '../core/dual.js'
import { asFunction, refusal } from '../core/input.js'
import type { Steps } from '../core/steps.js'
import { stoppedAfter, workAnyway } from '../parts/cleanup.js'
import type { Hold } from './hold.js'
import { Lease } from './lease.js'
import type { SharingOptions } from './options.js'
import type { Circle } from './slots/circle.js'
import { type LockWay, obtain, type Paths, sayWhoInQueue, turnsOf } from './wanted.js'
import { attended, inside, whileHeld } from './while-held.js'

type Working<T> = (lease: Lease) => T | PromiseLike<T>

export interface WithLock {
  <T>(path: Paths, work: Working<T>, options?: SharingOptions): Promise<Awaited<T>>
  /** The same, without a promise; `work` must not return one either. */
  sync<T>(path: Paths, work: (lease: Lease) => T, options?: SharingOptions): T
  /** The same, as steps of a larger algorithm. */
  steps<T>(path: Paths, work: Working<T>, options?: SharingOptions): Steps<Awaited<T>>
}

export function withLockBy(way: LockWay): WithLock {
  const turns = (paths: Paths, _: unknown, options?: unknown) => turnsOf(way, paths, options)
  const joining = dual(working(way, way.circle), {
    turns,
    patient: true,
    whileQueued: (turn, paths, _work, options = {}) => sayWhoInQueue(way, turn, paths, options, 'withLock'),
  })
  // Steps are for algorithms, in which players stand for processes: those join nothing.
  const { steps } = dual(working(way))
  return Object.assign(joining, { steps }) as WithLock
}

const working = (way: LockWay, circle?: Circle) =>
  function withLock(paths: Paths, work: Working<unknown>, options: SharingOptions = {}): Steps<unknown> {
    const taking = obtain(way, paths, options, 'withLock', circle)
    if (asFunction(work, 'work') === undefined) throw refusal('ERR_INVALID_ARG_TYPE', 'work', 'of type function', work)
    return way.run(workUnderLock(taking, work))
  }

function* workUnderLock(taking: Steps<Hold>, work: Working<unknown>): Steps<unknown> {
  const steps = (hold: Hold) => {
    const value = inside(hold, () => work(new Lease(hold)))
    // If the call is interrupted while `work` runs, the lock is released only after `work` has ended.
    return workAnyway(() => attended(hold, value))
  }
  return yield* stoppedAfter(whileHeld(yield* taking, steps))
}
