// The state that a hold has put into the lock: only its own thread changes it.

import { type PayloadId, successor } from '../cell/state.js'
import { advance, clear, isUnknownOutcome, readState, type Verdict } from '../cell/transition.js'
import type { Steps } from '../core/steps.js'
import { nonces } from '../parts/stage-names.js'
import type { Hold } from './job.js'
import { leaseLostError, lostBecause } from './lease-lost.js'
import { naming, removeNote } from './note.js'
import { carrySlots, withSlotCount } from './slot-count.js'
import { freeToken, isOfHold, parseLock, type Token } from './token.js'

/**
 * Swaps the current state of the hold, also if a heartbeat, or another process, changes what else it says meanwhile.
 * As long as the lock is held, its note stays, or is replaced. @throws `ERR_LEASE_LOST`
 */
export function* swapOwn(hold: Hold, fieldsOf: () => string[], note?: PayloadId): Steps<void> {
  const { dir, trial } = hold.locking
  for (;;) {
    const from = hold.state
    const fields = fieldsOf()
    const to = naming(successor(from, { fields, keepData: fields[0] === 'h' }, yield* nonces()), note)
    if ((yield* advance(dir, from, to, trial)) === 'mine') {
      hold.state = to
      yield* removeNote(dir, from, to)
      return
    }
    yield* lookAgain(hold)
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

function* isCleared({ state, locking: { dir, trial } }: Hold): Steps<Verdict> {
  try {
    return yield* clear(dir, state, trial)
  } catch (error) {
    // If nothing is there, it was removed, as is wanted, by whatever call.
    if (isUnknownOutcome(error) && typeof (yield* readState(dir, trial)) === 'string') return 'mine'
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

/** What the lock says when the hold has given it back. */
export const freed = ({ fence, owner, more, endsAs }: Hold): Token =>
  freeToken(fence, owner, more.length > 0 ? carrySlots(more) : more, endsAs)

export const leaseLost = ({ locking: { shown }, fence, over, lostBecause: why }: Hold): Error =>
  leaseLostError(shown, fence, over === 'released' || why === undefined ? 'it was released' : why)
