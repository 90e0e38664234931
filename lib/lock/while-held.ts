// What is done while a lock is held (./hold.ts): users' functions run, and heartbeats are made meanwhile.

import { registry } from '../core/disk.js'
import { fs, pending, type Steps } from '../core/steps.js'
import { cleaningUp } from '../parts/cleanup.js'
import { type Hold, ignoreLoss, isAboutLock, release, renew, reportSilence } from './hold.js'
import { leavesOf, oldestBeatMs } from './whole.js'

/** Runs a user's function under the lock. What it calls does not wait for the lock (./acquire.ts). */
export const inside = <T>(hold: Hold, work: () => T): T =>
  hold.parts
    ? leavesOf(hold).reduce(
        (within, { id }) =>
          () =>
            registry.inside(id, within),
        work,
      )()
    : registry.inside(hold.id, work)

/**
 * Waits for what a user's callback returned, and makes heartbeats meanwhile. If the lock is lost, `lossSignal` reports
 * it, and so does whatever is done with the hold afterwards.
 */
export function* attended<T>(hold: Hold, value: T | PromiseLike<T>): Steps<Awaited<T>> {
  for (;;) {
    const settled = yield* fs.settle(value, hold.locking.heartbeatMs)
    if (settled !== pending) return settled
    // A heartbeat that fails is followed by another.
    if (!hold.over) yield* beat(hold)
  }
}

/** Makes a heartbeat. If that fails, and none was made for too long, `lossSignal` reports it. */
export function* beat(hold: Hold): Steps<void> {
  try {
    yield* renew(hold)
  } catch (error) {
    if (!isAboutLock(error)) throw error
    if ((yield* fs.now()) - oldestBeatMs(hold) >= hold.staleMs) reportSilence(hold, error)
  }
}

/**
 * Runs steps while the lock is held, and releases it afterwards. If the steps fail, their own error is thrown, whatever
 * happens to the lock. Steps that wait for a promise must do so in `attended`, which makes the heartbeats.
 */
export function* whileHeld<T>(hold: Hold, steps: (hold: Hold) => Steps<T>): Steps<T> {
  let result: T
  try {
    result = yield* steps(hold)
  } catch (error) {
    yield* cleaningUp(() => ignoreLoss(release(hold)))
    throw error
  }
  yield* cleaningUp(() => release(hold))
  return result
}
