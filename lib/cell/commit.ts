// A change of a cell (../cell.ts) with all that belongs to it: the payload of the new state, and that of the old.

import { hasCode, isSystemError } from '../core/errors.js'
import type { Durability } from '../core/input.js'
import { fs, type Steps } from '../core/steps.js'
import type { Trial } from '../parts/achieve.js'
import { discard, finishAnyway } from '../parts/cleanup.js'
import { syncDir, syncName } from '../parts/durable.js'
import type { Parents } from '../parts/parents.js'
import { nonces } from '../parts/stage-names.js'
import { removePayload, writePayload } from './payload.js'
import { type Next, type State, successor } from './state.js'
import { clear, isUnknownOutcome, readState, type Verdict } from './transition.js'

/** A call that changes a cell. */
export interface Change {
  readonly path: string
  /** The state that it was given; undefined if it creates the first. */
  readonly from: State | undefined
  readonly next: Next
  readonly data: Uint8Array | undefined
  readonly durability: Durability
  readonly parents: Parents | undefined
  readonly trial: Trial
}

/** Writes the payload of the next state, lets `apply` make the transition, and removes the payload left unnamed. */
export function* commit(change: Change, apply: (to: State) => Steps<Verdict>): Steps<State | undefined> {
  const { path, from, next, data, durability, trial } = change
  const to = successor(from, next, yield* nonces(), data ? yield* fs.self() : undefined)
  let verdict: Verdict | undefined
  try {
    if (data) yield* writePayload(path, to, data, durability)
    verdict = yield* judged(trial, () => apply(to))
  } catch (error) {
    // If the outcome is unknown, the cell's state may name the new payload, so that stays.
    if (!isUnknownOutcome(error)) yield* removePayload(path, to)
    throw error
  }
  if (verdict !== 'mine') {
    yield* removePayload(path, to)
    return undefined
  }
  yield* finishAnyway(() => syncState(change))
  yield* dropPayload(path, from, durability)
  return to
}

/** Notes what became of a transition: the cell itself shows that, unless the outcome is unknown. */
function* judged({ publication }: Trial, transition: () => Steps<Verdict>): Steps<Verdict> {
  try {
    const verdict = yield* transition()
    publication?.decide(verdict === 'mine')
    return verdict
  } catch (error) {
    if (isUnknownOutcome(error)) publication?.begin()
    else if (isSystemError(error)) publication?.decide(false)
    throw error
  }
}

/** With `full`, brings the new state to the disk, and with the first state the cell itself. */
function* syncState({ path, from, durability, parents }: Change): Steps<void> {
  if (durability !== 'full') return
  yield* syncDirIfThere(path)
  if (!from) yield* syncName(path, durability, parents)
}

/**
 * Removes the payload of a state that was consumed. First the cell is synced, because a power cut could bring the old
 * state back, and it names the payload. If that fails again and again, the payload is left to `sweep`.
 */
function* dropPayload(path: string, from: State | undefined, durability: Durability): Steps<void> {
  if (from?.writer === undefined) return
  yield* finishAnyway(() => discard(() => syncThenRemove(path, from, durability)))
}

function* syncThenRemove(path: string, from: State, durability: Durability): Steps<void> {
  // With `full` it is synced already.
  if (durability === 'file') yield* syncDirIfThere(path)
  yield* removePayload(path, from)
}

/** Another call may have cleared the cell, and then there is no state in it that could come back. */
function* syncDirIfThere(path: string): Steps<void> {
  try {
    yield* syncDir(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error
  }
}

/** Clears a tombstone, and removes its payload. Returns whether this call cleared it. */
export function* commitClear(path: string, from: State, trial: Trial): Steps<boolean> {
  try {
    if ((yield* judged(trial, () => clear(path, from, trial))) !== 'mine') return false
  } catch (error) {
    if (isUnknownOutcome(error) && (yield* isConsumed(path, from, trial))) yield* dropPayload(path, from, 'file')
    throw error
  }
  yield* dropPayload(path, from, 'file')
  return true
}

/** Has any call consumed the state? Then its payload is not named any more. What cannot be read may still be there. */
function* isConsumed(path: string, from: State, trial: Trial): Steps<boolean> {
  try {
    const now = yield* readState(path, trial)
    return typeof now === 'string' || now.nonce !== from.nonce
  } catch {
    return false
  }
}
