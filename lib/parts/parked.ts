// Promises that several tasks wait for at the same time (./concurrently.ts).

import { isFailure } from '../core/done.js'
import { type Call, fs, type Outcome, type Steps } from '../core/steps.js'
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

/** Promises that other calls of this thread keep. */
const ofCalls = new WeakSet<object>()

/** Waits for another call of this thread. Where several tasks run at a time, that may be one of them, so they go on. */
export function waitForCall<T>(promise: Promise<T>): Steps<Awaited<T>> {
  ofCalls.add(promise)
  return fs.settle(promise)
}

export const isForCall = ({ op, args }: Call): boolean => op === 'settle' && ofCalls.has(args[0] as object)

export const isForPromise = ({ op, args }: Call): boolean => op === 'settle' && isThenable(args[0])
