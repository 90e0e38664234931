// Promises that several tasks wait for at the same time (./concurrently.ts).

import type { Call, Outcome } from '../core/steps.js'
import { isThenable } from '../core/wait.js'

export interface Parked {
  /** What the promise has come to. */
  outcome: Outcome<unknown> | undefined
  /** Resolves then, also if it was rejected. */
  readonly over: Promise<void>
}

export function park(promise: PromiseLike<unknown>): Parked {
  const over = Promise.resolve(promise).then(
    value => {
      parked.outcome = { value }
    },
    error => {
      parked.outcome = { error }
    },
  )
  const parked: Parked = { outcome: undefined, over }
  return parked
}

/** Does the call wait for a promise, for as long as that takes? */
export const isForPromise = ({ op, args }: Call): boolean => op === 'settle' && args.length === 1 && isThenable(args[0])
