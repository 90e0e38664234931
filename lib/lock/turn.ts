// Fairness. A call that has waited for a while marks the token of the holder: it *wants* the lock (./turn/want.ts). The release
// then fails, looks, and keeps the free lock for that call. Others take it only if that call is dead, or does not come.
// While no call waits for long, none of this takes a call of the system.

import { type State, successor } from '../cell/state.js'
import { readState, tryAdvance } from '../cell/transition.js'
import { isSystemError } from '../core/errors.js'
import { readsClock, withoutClock } from '../core/owner-words.js'
import { fs, type Steps } from '../core/steps.js'
import { cleaningUp } from '../parts/cleanup.js'
import { nonces } from '../parts/stage-names.js'
import type { Sighting, Waiting } from './evidence/sighting.js'
import { beatOf } from './evidence/witness.js'
import type { Hold, Locking } from './job.js'
import { isOfHold, parseLock, type Token } from './token.js'
import { isWantable, type Want, wantOf, withWant } from './turn/want.js'

/** Milliseconds for which a call waits before it wants the lock. */
const patienceMs = 100

/**
 * To hand a lock over takes some milliseconds, in which no call has it. Where it is held for less, its calls wait so many
 * times longer before that.
 */
const longerIfShort = 10
const shortMs = 25

/** Milliseconds for which a free lock is kept for the call that wants it. */
const keptForMs = 100

/** The lock is busy. A call that has waited for long enough wants it. */
export function* claimTurn(locking: Locking, sighting: Sighting): Steps<void> {
  const { token, state } = sighting
  if (!token || !state) return
  const nowMs = yield* fs.now()
  sighting.waiting ??= { sinceMs: nowMs, ticket: token.fence, isMarked: false, isNext: false, tried: '' }
  const { waiting } = sighting
  waiting.isNext = false
  const waitedMs = nowMs - waiting.sinceMs
  // Usually that is all.
  if (waitedMs < (locking.wantAfterMs ?? patienceMs)) return
  const want = wantOf(token)
  const who = withoutClock(yield* fs.thread())
  waiting.isNext = want?.who === who
  if (waiting.isNext || !isImpatient(waitedMs, token.fence - waiting.ticket, locking)) return
  // A state that could not be marked cannot be marked.
  if (waiting.tried === state.nonce || !(yield* isNext(waiting, token, want, sighting))) return
  Object.assign(waiting, { isMarked: true, tried: state.nonce })
  waiting.isNext = yield* mark(locking, state, token, { ticket: waiting.ticket, who, keptAtMs: undefined })
}

/** It has waited for long, or others have not had many turns meanwhile. */
const isImpatient = (waitedMs: number, turns: number, { wantAfterMs = patienceMs }: Locking): boolean =>
  turns * shortMs <= waitedMs || waitedMs >= longerIfShort * wantAfterMs

/** Is it the turn of this call before that of the one which wants the lock so far? */
function* isNext({ ticket }: Waiting, token: Token, want: Want | undefined, { watch }: Sighting): Steps<boolean> {
  if (!isWantable(token)) return false
  // A mark changes the file that shows how old the last heartbeat is. So a holder that may be dead is marked only if it
  // was seen to take the lock: before that, no other call has come first either.
  if (token.fence <= ticket && watch.beat === beatOf(token)) return false
  return want === undefined || ticket < want.ticket || (yield* fs.alive(want.who)) === false
}

/** Changes what a token says of the call that is the next. */
function* mark({ dir, trial }: Locking, state: State, token: Token, want: Want | undefined): Steps<boolean> {
  const { fields } = state
  const ownFields = fields.slice(0, fields.length - token.more.length)
  const next = { fields: [...ownFields, ...withWant(token, want)], keepData: true }
  return yield* tryAdvance(dir, state, successor(state, next, yield* nonces()), trial)
}

const mostTries = 3

/** Best effort: a call gives up, and so is not the next any more. */
export function* giveUpTurn(locking: Locking, { waiting }: Sighting): Steps<void> {
  if (!waiting?.isMarked) return
  try {
    yield* cleaningUp(() => removeMark(locking))
  } catch (error) {
    if (!isSystemError(error) && (error as NodeJS.ErrnoException).code !== 'ERR_NOT_A_CELL') throw error
  }
}

function* removeMark(locking: Locking): Steps<void> {
  const who = withoutClock(yield* fs.thread())
  for (let tries = 0; tries < mostTries; tries++) {
    const now = yield* readState(locking.dir, locking.trial)
    if (typeof now === 'string') return
    const token = parseLock(locking.dir, now)
    if (wantOf(token)?.who !== who || (yield* mark(locking, now, token, undefined))) return
  }
}

/**
 * May this call take the lock, which is free? If it is kept for another one, that must be dead, or have had its time. A
 * call that looks only once waits for that if nothing shows since when the lock is kept.
 */
export function* mayTake(token: Token, sighting: Sighting): Steps<boolean> {
  const want = wantOf(token)
  if (token.owner !== undefined || want === undefined) return true
  const me = yield* fs.thread()
  if (want.who === withoutClock(me) || (yield* fs.alive(want.who)) === false) return true
  const nowMs = yield* fs.now()
  sighting.keptSinceMs ??= nowMs
  const isKnown = want.keptAtMs !== undefined && readsClock(token.clock, me)
  const sinceMs = isKnown ? Math.min(want.keptAtMs as number, sighting.keptSinceMs) : sighting.keptSinceMs
  if (nowMs - sinceMs >= keptForMs) return true
  if (isKnown || !sighting.looksOnce) return false
  sighting.looksOnce = false
  yield* fs.sleep(keptForMs)
  return true
}

/** Does a call wait that is to get the lock after this hold? The token says so at this moment. */
export function* isWanted({ id, locking: { dir, trial } }: Hold): Steps<boolean> {
  const now = yield* readState(dir, trial)
  if (typeof now === 'string' || !isOfHold(now, id)) return false
  const want = wantOf(parseLock(dir, now))
  return want !== undefined && (yield* fs.alive(want.who)) !== false
}
