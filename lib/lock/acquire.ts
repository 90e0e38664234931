// Acquires a lock (./hold.ts) by swapping the very state that was read. So nothing is ever removed in order to acquire,
// and of several callers that find the same dead holder, one takes over. The fence grows by one with each holder.

import { removePayload } from '../cell/payload.js'
import { advance, isUnknownOutcome, readState, tryAdvance } from '../cell/transition.js'
import { fs, type Steps } from '../core/steps.js'
import { cleaningUp } from '../parts/cleanup.js'
import { forget, newSighting, noteState, type Sighting } from './evidence/sighting.js'
import { afterTakeover, isTakeover } from './evidence/takeover.js'
import { isOver, leaveEvidence } from './evidence.js'
import type { Hold, Locking } from './hold.js'
import { holderOf, lockHeld, unnamedIfLeft } from './holder.js'
import { nextHoldBy } from './next-hold.js'
import { giveUp } from './orphan.js'
import { bear } from './place/birth.js'
import { explainDenial, isDenied } from './place/denied.js'
import { inOpened } from './place/opened.js'
import { whoseIs } from './place/own-directory.js'
import { waitsForItself } from './slots/own-slots.js'
import { type Known, parseLock } from './token.js'
import { pause } from './turn/pause.js'
import { sayWho } from './turn/waiting.js'
import { claimTurn, giveUpTurn, mayTake } from './turn.js'

/** Acquires the lock, waiting until that is possible. Of a lock that has slots, it takes only the gate (./obtain.ts). */
export const acquireOne = (locking: Locking): Steps<Hold> => seeing(locking, newSighting(false), waitAndTake)

/** Acquires the lock if that is possible at once; returns undefined if it is held. */
export const tryAcquireOne = (locking: Locking): Steps<Hold | undefined> => seeing(locking, newSighting(true), tryOnce)

/** The same once more, by a call that has seen the lock before. */
export const tryAgain = (locking: Locking, sighting: Sighting): Steps<Hold | undefined> =>
  seeing(locking, sighting, tryOnce)

/** What a call has seen, and may have taken without knowing it, is not forgotten when it gives up. */
function* seeing<T extends Hold | undefined>(
  locking: Locking,
  sighting: Sighting,
  steps: (locking: Locking, sighting: Sighting) => Steps<T>,
): Steps<T> {
  let hold: T | undefined
  try {
    hold = yield* steps(locking, sighting)
    const taken = hold
    if (taken && isTakeover(sighting)) yield* cleaningUp(() => afterTakeover(locking, sighting, taken))
    return hold
  } catch (error) {
    if (isDenied(error)) yield* explainDenial(error, locking)
    throw error
  } finally {
    if (!hold) yield* giveUpTurn(locking, sighting)
    if (!hold) yield* cleaningUp(() => leaveEvidence(locking, sighting))
    const { unconfirmed } = sighting
    if (unconfirmed && unconfirmed !== hold) {
      yield* forget(sighting)
      if (!hold) yield* giveUp(unconfirmed)
    }
    if (!hold && sighting.note) yield* removePayload(locking.dir, sighting.note)
  }
}

function* waitAndTake(locking: Locking, sighting: Sighting): Steps<Hold> {
  const before = (yield* fs.recall(locking.dir)) as Known | undefined
  if (before) {
    // This thread released the lock a moment ago. If no other caller has held it since, this is its state.
    const hold = yield* trySwap(locking, before, sighting)
    if (hold) return hold
    yield* fs.remember(locking.dir, undefined)
  }
  for (let waited = false; ; ) {
    const result = yield* tryToTake(locking, sighting)
    if (typeof result === 'object') {
      if (waited) yield* fs.ifLeft(undefined)
      return result
    }
    if (result === 'busy' && (yield* waitsForItself(locking, sighting.token)))
      throw lockHeld(locking, yield* holderOf(locking), undefined)
    if (result === 'busy' && !waited) yield* unnamedIfLeft(locking)
    waited ||= result === 'busy'
    if (result === 'busy') yield* claimTurn(locking, sighting)
    if (result === 'busy' && locking.wait) yield* sayWho(locking)
    if (result === 'busy' || sighting.repeats > 0) yield* pause(locking, sighting)
  }
}

function* tryOnce(locking: Locking, sighting: Sighting): Steps<Hold | undefined> {
  for (;;) {
    const result = yield* tryToTake(locking, sighting)
    if (result !== 'moved') return result === 'busy' ? undefined : result
  }
}

/** `moved`: another call has changed the lock since it was read. */
type Taking = Steps<Hold | 'busy' | 'moved'>

const tryToTake = (locking: Locking, sighting: Sighting): Taking =>
  sighting.isPlaced ? takePlaced(locking, sighting) : takeAt(locking, sighting, locking.dir)

function* takePlaced(locking: Locking, sighting: Sighting): Taking {
  return (yield* inOpened(locking.dir, at => takeAt(locking, sighting, at))) ?? 'moved'
}

/** `at`: a path to the lock's directory. */
function* takeAt(locking: Locking, sighting: Sighting, at: string): Taking {
  const { dir, trial } = locking
  const now = yield* readState(at, trial)
  if (typeof now === 'string') return locking.admits ? 'busy' : yield* takeNew(locking, sighting, now)
  if (sighting.unconfirmed?.state.nonce === now.nonce) return sighting.unconfirmed
  noteState(sighting, now.nonce, now)
  sighting.isForeign = false
  const token = parseLock(dir, now)
  // A state that is new may be that of another lock.
  if (sighting.repeats === 0 && at === dir) {
    const whose = yield* whoseIs(dir)
    sighting.isPlaced = whose === 'placed'
    if (whose !== 'own') {
      sighting.nonce = ''
      return 'moved'
    }
  }
  sighting.token = token
  if (!(yield* isOver(now, token, locking, sighting))) return 'busy'
  if (token.more.length > 0 && !(yield* mayTake(token, sighting))) return 'busy'
  if (locking.admits && !(yield* locking.admits())) return 'busy'
  if (sighting.repeats === 0) return (yield* trySwap(locking, { state: now, token }, sighting, at)) ?? 'moved'
  // The state has stayed the same: a swap of it has failed before, or its holder counts as dead only now. Unlike the
  // first try, this one finds out why a swap fails.
  const hold = yield* nextHoldBy(locking, { state: now, token }, sighting)
  return yield* holdIfMine(hold, advance(at, now, hold.state, trial))
}

/** Makes the lock, and takes it, unless another call is first. */
function* takeNew(locking: Locking, sighting: Sighting, now: 'void' | 'absent'): Taking {
  const born = yield* bear(locking, sighting, now)
  return typeof born === 'string' ? born : ((yield* trySwap(locking, born, sighting)) ?? 'moved')
}

/** Swaps once. If that reports an error, the next read of the cell shows whether it was done all the same. */
function* trySwap(locking: Locking, from: Known, sighting: Sighting, at = locking.dir): Steps<Hold | undefined> {
  const hold = yield* nextHoldBy(locking, from, sighting)
  if (sighting.unconfirmed) yield* forget(sighting)
  yield* fs.holding(locking.dir, hold.id, 'enter')
  sighting.unconfirmed = hold
  if (!(yield* tryAdvance(at, from.state, hold.state, locking.trial))) return undefined
  sighting.unconfirmed = undefined
  return hold
}

function* holdIfMine(hold: Hold, steps: Steps<'mine' | "another's">): Steps<Hold | 'moved'> {
  const { dir } = hold.locking
  let isMine = false
  try {
    yield* fs.holding(dir, hold.id, 'enter')
    isMine = (yield* steps) === 'mine'
    return isMine ? hold : 'moved'
  } catch (error) {
    // Even if this call did acquire the lock, other calls have had it since.
    if (isUnknownOutcome(error)) return 'moved'
    throw error
  } finally {
    if (!isMine) yield* fs.holding(dir, hold.id, 'leave')
  }
}
