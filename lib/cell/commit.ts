// A change of a cell (../cell.ts) with all that belongs to it: the data of the new state, and that of the old.

import type { Durability } from '../core/input.js'
import { fs, type Steps } from '../core/steps.js'
import type { Trial } from '../parts/achieve.js'
import { nonces } from '../parts/stage-names.js'
import { payloadOf, removePayload, writePayload } from './payload.js'
import { type Next, type State, successor } from './state.js'
import type { Verdict } from './transition.js'

/** A call under way. */
export interface Change {
  readonly path: string
  readonly from: State | undefined
  readonly next: Next
  readonly data: Uint8Array | undefined
  readonly durability: Durability
  readonly trial: Trial
}

/** Makes the next state with its payload, puts it in the place of the one before, and takes that one's payload away. */
export function* commit(change: Change, put: (to: State) => Steps<Verdict>): Steps<State | undefined> {
  const { path, from, next, data, durability } = change
  const to = successor(from, next, yield* nonces(), data ? yield* fs.self() : undefined)
  let verdict: Verdict | undefined
  try {
    if (data) yield* writePayload(payloadOf(path, to), data, durability)
    verdict = yield* put(to)
  } catch (error) {
    // Where nobody knows, a state may name it.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_UNKNOWN_OUTCOME') yield* removePayload(path, to)
    throw error
  }
  yield* removePayload(path, verdict === 'mine' ? from : to)
  return verdict === 'mine' ? to : undefined
}
