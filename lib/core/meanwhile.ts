// A call that waits for its turn, and makes other steps meanwhile.

import { door } from './disk.js'
import { Drive } from './drive-async.js'
import type { Steps } from './steps.js'

export interface Meanwhile {
  /** Rejects if the steps fail. */
  readonly turn: Promise<unknown>
  /** The call is over: the steps come to their end. */
  readonly end: () => void
}

/** Runs the steps that are made while a call waits for `before`; undefined if there are none. */
export function runMeanwhile(
  before: Promise<unknown>,
  stepsUntil: (turn: Promise<unknown>) => Steps<unknown> | undefined,
): Meanwhile | undefined {
  let end = () => {}
  const ended = new Promise<void>(resolve => {
    end = resolve
  })
  const steps = stepsUntil(Promise.race([before, ended]))
  if (!steps) return undefined
  const made = new Promise<unknown>((resolve, reject) => {
    new Drive({ steps, deadline: undefined, door, resolve, reject }).start()
  })
  return { turn: Promise.all([before, made]), end }
}
