// Promises that several tasks wait for at the same time (./concurrently.ts).

import { isFailure } from '../core/done.js'
import type { Call, Outcome } from '../core/steps.js'
import { isThenable, settle } from '../core/wait.js'

export interface Parked {
  /** What the wait has come to. */
  outcome: Outcome<unknown> | undefined
  /** Resolves then. */
  readonly over: Promise<void>
}

/** Waits for the promise of a `settle`, for as long as that call says. */
export function park({ args: [promise, ms] }: Call): Parked {
  let end = () => {}
  const over = new Promise<void>(resolve => {
    end = resolve
  })
  const parked: Parked = { outcome: undefined, over }
  settle(promise, ms as number | undefined, (error, value) => {
    parked.outcome = isFailure(error) ? { error } : { value }
    end()
  })
  return parked
}

export const isForPromise = ({ op, args }: Call): boolean => op === 'settle' && isThenable(args[0])
