// The state that a hold has put into the lock: only its own thread changes it.

import { type State, successor } from '../cell/state.js'
import { advance, clear, isUnknownOutcome, readState, type Verdict } from '../cell/transition.js'
import { isSystemError } from '../core/errors.js'
import { fs, type Steps } from '../core/steps.js'
import type { Trial } from '../parts/achieve.js'
import { nonces } from '../parts/stage-names.js'
import type { Hold } from './job.js'
import { leaseLostError, lostBecause } from './lease-lost.js'
import { isOfHold, parseLock, type Token } from './token.js'
import { freedFields } from './want.js'

/** Swaps the current state of the hold, also if a heartbeat, or another process, changes what else it says meanwhile. @throws `ERR_LEASE_LOST` */
export function* swapOwn(hold: Hold, fieldsOf: (token: Token, nowMs: number) => string[]): Steps<void> {
  const { dir } = hold.locking
  for (;;) {
    const token = parseLock(dir, hold.state)
    const nowMs = token.more.length > 0 ? yield* fs.now() : 0
    const to = successor(hold.state, { fields: fieldsOf(token, nowMs) }, yield* nonces())
    if (yield* isSwapped(hold, to)) {
      hold.state = to
      return
    }
    yield* lookAgain(hold)
  }
}

/** Frees the lock, or keeps it for the call that is the next. @throws `ERR_LEASE_LOST` */
export const freeOwn = (hold: Hold): Steps<void> =>
  swapOwn(hold, (token, nowMs) => freedFields(token, hold.owner, nowMs))

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
  const { dir } = hold.locking
  for (;;) {
    if (parseLock(dir, hold.state).more.length > 0) return false
    if ((yield* isCleared(hold)) === 'mine') return true
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
}

export const leaseLost = ({ locking: { path }, fence, over, lostBecause: why }: Hold): Error =>
  leaseLostError(path, fence, over === 'released' || why === undefined ? 'it was released' : why)
