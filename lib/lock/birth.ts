// A lock is born free: nothing is there, or a directory of ours that is empty.

import { createState } from '../cell/create.js'
import { successor } from '../cell/state.js'
import { isUnknownOutcome } from '../cell/transition.js'
import { fs, type Steps } from '../core/steps.js'
import { nonces } from '../parts/stage-names.js'
import { unnumbered } from './fence.js'
import type { Locking } from './job.js'
import { giveRights } from './rights.js'
import { freeFields, freeToken, type Known } from './token.js'

/** Makes the lock; returns undefined if another call was first. */
export function* bear({ dir, trial, create, mode }: Locking): Steps<Known | undefined> {
  const token = freeToken(unnumbered, yield* fs.thread())
  const state = successor(undefined, { fields: freeFields(token) }, yield* nonces())
  const prepare = (path: string) => giveRights(path, mode)
  try {
    const verdict = yield* create(dir, () => createState(dir, state, trial, prepare))
    return verdict === 'mine' ? { state, token } : undefined
  } catch (error) {
    // Even if this call did make the lock, other calls have had it since.
    if (isUnknownOutcome(error)) return undefined
    throw error
  }
}
