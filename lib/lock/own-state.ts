// The state that a hold has put into the lock: only its own thread changes it.

import { type PayloadId, type State, successor } from '../cell/state.js'
import { advance, clear, isUnknownOutcome, readState, type Verdict } from '../cell/transition.js'
import { isSystemError } from '../core/errors.js'
import { fs, type Steps } from '../core/steps.js'
import type { Trial } from '../parts/achieve.js'
import { nonces } from '../parts/stage-names.js'
import type { Hold } from './job.js'
import { leaseLostError, lostBecause } from './lease-lost.js'
import { naming, removeNote } from './note.js'
import { carrySlots, withSlotCount } from './slot-count.js'
import { freeFields, freeToken, isOfHold, parseLock, type Token } from './token.js'
import { isWantedBy, keptMore } from './want.js'

/**
 * Swaps the current state of the hold, also if a heartbeat, or another process, changes what else it says meanwhile.
 * As long as the lock is held, its note stays, or is replaced. @throws `ERR_LEASE_LOST`
 */
export function* swapOwn(hold: Hold, fieldsOf: (nowMs: number) => string[], note?: PayloadId): Steps<void> {
  const { dir } = hold.locking
  for (;;) {
    const from = hold.state
    // Only for the call that is the next.
    const fields = fieldsOf(isWantedBy(hold.more) ? yield* fs.now() : 0)
    const to = naming(successor(from, { fields, keepData: fields[0] === 'h' }, yield* nonces()), note)
    if (yield* isSwapped(hold, to)) {
      hold.state = to
      yield* removeNote(dir, from, to)
      return
    }
    yield* lookAgain(hold)
  }
}

/** Frees the lock, or keeps it for the call that is the next. @throws `ERR_LEASE_LOST` */
export const freeOwn = (hold: Hold): Steps<void> => swapOwn(hold, nowMs => freeFields(freed(hold, nowMs)))

function* isSwapped({ id, state, locking: { dir, trial } }: Hold, to: State): Steps<boolean> {
  try {
    return (yield* advance(dir, state, to, trial)) === 'mine'
  } catch (error) {
    // Calls that wait may have marked the token more often than it remembers. What is of this hold has not been taken.
    if (!isUnknownOutcome(error) || !(yield* isStillOwn(id, dir, trial))) throw error
    return false
  }
}

function* isStillOwn(id: string, dir: string, trial: Trial): Steps<boolean> {
  try {
    const now = yield* readState(dir, trial)
    return typeof now === 'object' && isOfHold(now, id)
  } catch (error) {
    if (isSystemError(error)) return false
    throw error
  }
}

/** Removes the lock. Returns false if it must stay, because another call waits for it. @throws `ERR_LEASE_LOST` */
export function* removeOwn(hold: Hold): Steps<boolean> {
  for (;;) {
    if (withSlotCount(hold.more, undefined).length > 0) return false
    if ((yield* isCleared(hold)) === 'mine') {
      yield* removeNote(hold.locking.dir, hold.state)
      return true
    }
    yield* lookAgain(hold)
  }
}

function* isCleared({ id, state, locking: { dir, trial } }: Hold): Steps<Verdict> {
  try {
    return yield* clear(dir, state, trial)
  } catch (error) {
    // If nothing is there, it was removed, as is wanted, by whatever call.
    if (!isUnknownOutcome(error)) throw error
    if (typeof (yield* readState(dir, trial)) === 'string') return 'mine'
    if (yield* isStillOwn(id, dir, trial)) return "another's"
    throw error
  }
}

/** What has come of the state of the hold. */
function* lookAgain(hold: Hold): Steps<void> {
  const { dir, trial } = hold.locking
  const now = yield* readState(dir, trial)
  if (typeof now === 'string' || !isOfHold(now, hold.id)) {
    hold.lostBecause = lostBecause(now, hold.fence)
    throw leaseLost(hold)
  }
  hold.state = now
  hold.more = parseLock(dir, now).more
}

/** What the lock says when the hold has given it back, at that moment. */
export const freed = ({ fence, owner, more, endsAs }: Hold, nowMs = 0): Token =>
  freeToken(fence, owner, more.length > 0 ? carrySlots(keptMore({ fence, owner, more }, nowMs)) : more, endsAs)

export const leaseLost = ({ locking: { shown }, fence, over, lostBecause: why }: Hold): Error =>
  leaseLostError(shown, fence, over === 'released' || why === undefined ? 'it was released' : why)
