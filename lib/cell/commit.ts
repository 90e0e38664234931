// A change of a cell (../cell.ts) with all that belongs to it: the payload of the new state, and that of the old.

import { hasCode, isSystemError } from '../core/errors.js'
import type { Durability } from '../core/input.js'
import { fs, type Steps } from '../core/steps.js'
import type { Trial } from '../parts/achieve.js'
import { cleaningUp, discard } from '../parts/cleanup.js'
import { syncDir, syncName } from '../parts/durable.js'
import type { Parents } from '../parts/parents.js'
import { nonces } from '../parts/stage-names.js'
import { isLocalCell } from './local.js'
import { removePayload, writePayload } from './payload.js'
import { isNaming, type Next, type PayloadId, type State, successor } from './state.js'
import { advance, type Content, clear, isUnknownOutcome, readState, type Verdict } from './transition.js'

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
  /** That of the next state. @default a fresh one */
  readonly nonce?: string
}

/** Writes the payload of the next state, lets `apply` make the transition, and removes the payload left unnamed. */
export function* commit(change: Change, apply: (to: State) => Steps<Verdict>): Steps<State | undefined> {
  const { path, from, next, data, durability, trial } = change
  const id = data && { owner: yield* fs.self(), size: data.length }
  const to = successor(from, next, change.nonce ?? (yield* nonces()), id)
  // Not what the state keeps: that belongs to others, until this call has replaced it.
  const written = data && to.payload
  let verdict: Verdict | undefined
  try {
    if (data && written) yield* writePayload(path, written, data, durability)
    verdict = yield* judged(trial, () => apply(to))
  } catch (error) {
    // If the outcome is unknown, the cell's state may name the new payload, so that stays.
    if (!isUnknownOutcome(error)) yield* removePayload(path, written)
    throw error
  }
  if (verdict !== 'mine') {
    yield* removePayload(path, written)
    return undefined
  }
  yield* cleaningUp(() => syncState(change))
  if (!next.keepData) yield* dropPayload(path, from?.payload, durability)
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
 * Removes a payload that no state names any more. First the cell is synced, because a power cut could bring an old state
 * back that names it. If that fails again and again, the payload is left to `sweep`.
 */
function* dropPayload(path: string, payload: PayloadId | undefined, durability: Durability): Steps<void> {
  if (payload) yield* cleaningUp(() => discard(() => syncThenRemove(path, payload, durability)))
}

function* syncThenRemove(path: string, payload: PayloadId, durability: Durability): Steps<void> {
  // With `full` it is synced already.
  if (durability === 'file') yield* syncDirIfThere(path)
  yield* removePayload(path, payload)
}

/** Another call may have cleared the cell, and then there is no state in it that could come back. */
function* syncDirIfThere(path: string): Steps<void> {
  try {
    yield* syncDir(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error
  }
}

/**
 * Makes the cell void, and removes its payload. Returns whether this call did it. `durability`: `none` if a power cut may
 * bring the state back without its payload.
 */
export function* commitClear(path: string, from: State, trial: Trial, durability: Durability = 'file'): Steps<boolean> {
  // A state that is removed leaves no trace of the call that did it. Where a reply may be lost, such a trace is needed.
  if (from.gone || (yield* isLocalCell(path))) return yield* removeState(path, from, trial, durability)
  const next = { fields: from.fields, gone: true }
  const change = { path, from, next, data: undefined, durability, parents: undefined, trial }
  const tombstone = yield* commit(change, to => advance(path, from, to, trial))
  if (tombstone) yield* cleaningUp(() => removeTombstone(path, tombstone, trial))
  return tombstone !== undefined
}

/** The state before it is gone by this call, so it does not matter which call removes the tombstone. */
function* removeTombstone(path: string, tombstone: State, { publication: _, ...trial }: Trial): Steps<void> {
  try {
    yield* clear(path, tombstone, trial)
  } catch (error) {
    const isOther = (now: Content): boolean => typeof now === 'string' || now.nonce !== tombstone.nonce
    if (!isUnknownOutcome(error) || !(yield* isSeen(path, trial, isOther))) throw error
  }
}

function* removeState(path: string, from: State, trial: Trial, durability: Durability): Steps<boolean> {
  // The sync of its directory, with `full`, would come too late: that is gone.
  const safely = durability === 'none' ? 'none' : 'file'
  try {
    if ((yield* judged(trial, () => clear(path, from, trial))) !== 'mine') return false
  } catch (error) {
    const { payload } = from
    const isUnnamed = payload && isUnknownOutcome(error) && (yield* isSeen(path, trial, now => !isNaming(now, payload)))
    if (isUnnamed) yield* dropPayload(path, payload, safely)
    throw error
  }
  yield* dropPayload(path, from.payload, safely)
  return true
}

/** Does the cell show that? What cannot be read shows nothing. */
function* isSeen(path: string, trial: Trial, test: (now: Content) => boolean): Steps<boolean> {
  try {
    return test(yield* readState(path, trial))
  } catch {
    return false
  }
}
