// Takes a lock as its options say: alone, or together with others.

import { isTimeout } from '../core/interruption.js'
import { fs, type Steps } from '../core/steps.js'
import { acquireOne, tryAcquireOne, tryAgain } from './acquire.js'
import { newSighting, type Sighting } from './evidence/sighting.js'
import { holdersOf } from './holder/holders.js'
import { foreignHolder, lockHeld, unnamedIfLeft } from './holder.js'
import type { Hold, Locking } from './job.js'
import { settlePlace } from './place.js'
import { enter, tryEnter } from './slots/enter.js'
import { takeAllSlots } from './slots/exclude.js'

/** Acquires the lock, waiting until that is possible. */
export function* acquire(locking: Locking): Steps<Hold> {
  try {
    if (locking.lockDir !== undefined) yield* settlePlace(locking)
    if (locking.sharing) return yield* enter(locking, locking.sharing)
    // Not in steps of its own, because usually this is all.
    const gate = yield* acquireOne(locking)
    return gate.slots === 0 ? gate : yield* withSlots(gate)
  } catch (error) {
    if (!isTimeout(error)) throw error
    yield* unnamedIfLeft(locking)
    // The time-out interrupts once only, so there is time for a last try, and for reading who holds the lock.
    const sighting = newSighting(true)
    const hold = yield* tryAcquire(locking, sighting)
    if (hold) {
      yield* fs.ifLeft(undefined)
      return hold
    }
    // To be sure that a directory is empty takes a while.
    throw lockHeld(locking, sighting.isForeign ? foreignHolder : (yield* holdersOf(locking))[0], error)
  }
}

/**
 * The same, without a last try: throws the time-out itself. For callers that run a user's function under the lock: after the
 * time-out that would have no time left, and nothing would end it.
 */
export function* acquireInTime(locking: Locking): Steps<Hold> {
  if (locking.sharing) return yield* enter(locking, locking.sharing)
  const gate = yield* acquireOne(locking)
  return gate.slots === 0 ? gate : yield* withSlots(gate)
}

function* withSlots(first: Hold): Steps<Hold> {
  for (let gate = first; ; ) {
    const all = yield* takeAllSlots(gate, acquireOne)
    if (typeof all === 'object') return all
    gate = yield* acquireOne(gate.locking)
    if (gate.slots === 0) return gate
  }
}

/** Acquires the lock if that is possible at once; returns undefined if it is held. `sighting`: what it has seen before. */
export function* tryAcquire(locking: Locking, sighting?: Sighting): Steps<Hold | undefined> {
  if (locking.lockDir !== undefined) yield* settlePlace(locking)
  if (locking.sharing) return yield* tryEnter(locking, locking.sharing)
  const gate = yield* sighting ? tryAgain(locking, sighting) : tryAcquireOne(locking)
  if (!gate || gate.slots === 0) return gate
  const all = yield* takeAllSlots(gate, tryAcquireOne)
  return typeof all === 'object' ? all : undefined
}
