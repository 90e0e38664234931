// The state that a hold has put into the lock: only its own thread changes it.

import { type PayloadId, type State, spellState, successor } from '../cell/state.js'
import { advance, clear, isNotACell, isUnknownOutcome, readState, type Verdict } from '../cell/transition.js'
import { hasCode, isSystemError } from '../core/errors.js'
import { fs, type Steps } from '../core/steps.js'
import { nonces } from '../parts/stage-names.js'
import { describeState } from './holder.js'
import type { Hold } from './job.js'
import { leaseLostError, lostBecause } from './lease-lost.js'
import { naming, removeNote } from './note.js'
import type { Loss } from './seen.js'
import { carrySlots, withSlotCount } from './slot-count.js'
import { freeToken, isOfHold, parseLock, type Token } from './token.js'
import { leavesOf } from './whole.js'

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
    if ((yield* unlessReplaced(hold, advance(dir, from, to, trial))) === 'mine') {
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

/** What has come of the state of the hold. @throws `ERR_LEASE_LOST` */
function* lookAgain(hold: Hold): Steps<void> {
  const { dir, trial } = hold.locking
  const now = yield* unlessReplaced(hold, readState(dir, trial))
  if (typeof now === 'string') throw lose(hold, { because: lostBecause(now, undefined, hold.fence) })
  if (!isOfHold(now, hold.id)) throw yield* unlessReplaced(hold, loseTo(now, hold))
  hold.state = now
  hold.more = parseLock(dir, now).more
}

function* loseTo(now: State, hold: Hold): Steps<Error> {
  const { dir } = hold.locking
  const token = parseLock(dir, now)
  const holder = yield* describeState(dir, now)
  const by = holder === 'moved' ? undefined : holder
  const fence = token.fence > hold.fence ? token.fence : undefined
  return lose(hold, { because: lostBecause(now, token, hold.fence), holder: by, fence })
}

function lose(hold: Hold, loss: Loss): Error {
  hold.lost = loss
  return leaseLost(hold)
}

/** Other things may be in the directory, or in its place: as after a merge of two directories, none of them ours. */
function* unlessReplaced<T>(hold: Hold, steps: Steps<T>): Steps<T> {
  try {
    return yield* steps
  } catch (error) {
    if (!isNotACell(error) || (yield* isInPlace(hold))) throw error
    throw lose(hold, { because: 'something else is in its place', cause: error })
  }
}

function* isInPlace({ state, locking: { dir } }: Hold): Steps<boolean> {
  try {
    return (yield* fs.readdir(dir)).includes(spellState(state))
  } catch (error) {
    if (!isSystemError(error)) throw error
    return !hasCode(error, 'ENOENT', 'ENOTDIR')
  }
}

/** What the lock says when the hold has given it back. */
export const freed = ({ fence, owner, more, endsAs }: Hold): Token =>
  freeToken(fence, owner, more.length > 0 ? carrySlots(more) : more, endsAs)

/** Of a whole, what was seen in the place of a part. */
export function leaseLost(hold: Hold): Error {
  const { locking, fence, lost } = leavesOf(hold).find(one => one.lost) ?? hold
  return leaseLostError(locking.shown, fence, hold.over === 'released' ? undefined : lost)
}
