// The state that a hold has put into the lock: only its own thread changes it.

import { type PayloadId, parseState, type State, successor } from '../cell/state.js'
import {
  advanceAgain,
  clear,
  isNotACell,
  isUnknownOutcome,
  readState,
  tryAdvance,
  type Verdict,
} from '../cell/transition.js'
import { hasCode, isSystemError } from '../core/errors.js'
import { fs, type Steps } from '../core/steps.js'
import type { Trial } from '../parts/achieve.js'
import { nonces } from '../parts/stage-names.js'
import { withoutBreak } from './break/broken.js'
import { naming, removeNote } from './holder/note.js'
import type { Loss } from './holder/seen.js'
import { describeState } from './holder.js'
import type { Hold } from './job.js'
import { leaseLostError, lostBecause } from './lease/lease-lost.js'
import { carrySlots, withSlotCount } from './slots/slot-count.js'
import { freeFields, freeToken, isOfHold, parseLock, type Token } from './token.js'
import { isWantedBy, keptMore } from './turn/want.js'
import { leavesOf } from './whole.js'

/**
 * Swaps the current state of the hold, also if a heartbeat, or another process, changes what else it says meanwhile.
 * As long as the lock is held, its note stays, or is replaced. @throws `ERR_LEASE_LOST`
 */
export function* swapOwn(hold: Hold, fieldsOf: (nowMs: number) => string[], note?: PayloadId): Steps<void> {
  const { dir, trial } = hold.locking
  for (;;) {
    const from = hold.state
    // Only for the call that is the next.
    const fields = fieldsOf(isWantedBy(hold.more) ? yield* fs.now() : 0)
    const to = naming(successor(from, { fields, keepData: fields[0] === 'h' }, yield* nonces()), note)
    // Usually one try is all.
    if ((yield* tryAdvance(dir, from, to, trial)) || (yield* unlessReplaced(hold, isSwapped(hold, to)))) {
      hold.state = to
      if (from.payload) yield* removeNote(dir, from, to)
      return
    }
    yield* lookAgain(hold)
  }
}

/** Frees the lock, or keeps it for the call that is the next. @throws `ERR_LEASE_LOST` */
export const freeOwn = (hold: Hold): Steps<void> => swapOwn(hold, nowMs => freeFields(freed(hold, nowMs)))

/** After a try that was not seen to succeed. */
function* isSwapped({ id, state, locking: { dir, trial } }: Hold, to: State): Steps<boolean> {
  try {
    return (yield* advanceAgain(dir, state, to, trial)) === 'mine'
  } catch (error) {
    // Calls that wait may have marked the token more often than it remembers. What is of this hold has not been taken.
    if (!isUnknownOutcome(error) || !(yield* isStillOwn(id, dir, trial))) throw error
    return false
  }
}

/** @throws what the look throws: then the lock may be held as before, and is not given up. */
function* isStillOwn(id: string, dir: string, trial: Trial): Steps<boolean> {
  const now = yield* readState(dir, trial)
  return typeof now === 'object' && isOfHold(now, id)
}

/** Removes the lock. Returns false if it must stay, because another call waits for it. @throws `ERR_LEASE_LOST` */
export function* removeOwn(hold: Hold): Steps<boolean> {
  for (;;) {
    if (withoutBreak(withSlotCount(hold.more, undefined)).length > 0) return false
    if ((yield* unlessReplaced(hold, isCleared(hold))) === 'mine') {
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

/** What a directory cannot show is taken to be there. */
function* isInPlace({ id, locking: { dir } }: Hold): Steps<boolean> {
  try {
    const states = (yield* fs.readdir(dir)).map(parseState)
    return states.some(state => state && isOfHold(state, id))
  } catch (error) {
    if (!isSystemError(error)) throw error
    return !hasCode(error, 'ENOENT', 'ENOTDIR')
  }
}

/** What the lock says when the hold has given it back, at that moment. */
export const freed = ({ fence, owner, more, endsAs }: Hold, nowMs = 0): Token =>
  freeToken(fence, owner, more.length > 0 ? carrySlots(keptMore({ fence, owner, more }, nowMs)) : more, endsAs)

/** Of a whole, what was seen in the place of a part. */
export function leaseLost(hold: Hold): Error {
  const { locking, fence, lost } = leavesOf(hold).find(one => one.lost) ?? hold
  return leaseLostError(locking.shown, fence, hold.over === 'released' ? undefined : lost)
}
