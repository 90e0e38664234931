// A state together with its data.

import { hasCode, systemError } from '../core/errors.js'
import type { Steps } from '../core/steps.js'
import type { Trial } from '../parts/achieve.js'
import { readPayload } from './payload.js'
import type { State } from './state.js'
import { readState } from './transition.js'

/** What `load` returns: a state, and its data if it has any. */
export interface Reading {
  readonly state: State
  readonly data: Buffer | undefined
}

export function* loadState(path: string, trial: Trial): Steps<{ reading: Reading | undefined }> {
  const state = yield* readState(path, trial)
  if (typeof state === 'string') return { reading: undefined }
  if (!state.payload) return { reading: { state, data: undefined } }
  try {
    return { reading: { state, data: yield* readPayload(path, state.payload) } }
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    // Another call replaced the data, after this one read the state: read both again.
    throw systemError('EAGAIN', 'open', 'the data that the state names is not there', path)
  }
}
