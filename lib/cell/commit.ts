// A change of a cell (../cell.ts) with all that belongs to it: the payload of the new state, and that of the old.

import type { Durability } from '../core/input.js'
import { fs, type Steps } from '../core/steps.js'
import type { Trial } from '../parts/achieve.js'
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
  readonly trial: Trial
}

/** Writes the payload of the next state, lets `apply` make the transition, and removes the payload left unnamed. */
export function* commit(change: Change, apply: (to: State) => Steps<Verdict>): Steps<State | undefined> {
  const { path, from, next, data, durability } = change
  const to = successor(from, next, yield* nonces(), data ? yield* fs.self() : undefined)
  let verdict: Verdict | undefined
  try {
    if (data) yield* writePayload(path, to, data, durability)
    verdict = yield* apply(to)
  } catch (error) {
    // If the outcome is unknown, the cell's state may name the new payload, so that stays.
    if (!isUnknownOutcome(error)) yield* removePayload(path, to)
    throw error
  }
  yield* removePayload(path, verdict === 'mine' ? from : to)
  return verdict === 'mine' ? to : undefined
}

/** Clears a tombstone, and removes its payload. Returns whether this call cleared it. */
export function* commitClear(path: string, from: State, trial: Trial): Steps<boolean> {
  try {
    if ((yield* clear(path, from, trial)) !== 'mine') return false
  } catch (error) {
    if (isUnknownOutcome(error) && (yield* isConsumed(path, from, trial))) yield* removePayload(path, from)
    throw error
  }
  yield* removePayload(path, from)
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
