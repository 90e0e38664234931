// Several calls at once, whatever makes each of them.

import type { Call, Outcome } from './alphabet.js'
import { type Done, isFailure } from './wait.js'

export function outcomeOf<T>(work: () => T): Outcome<T> {
  try {
    return { value: work() }
  } catch (error) {
    return { error }
  }
}

/** Makes the calls one after the other. A failure does not end the others. */
export const oneByOne = <C extends Call>(calls: readonly C[], make: (call: C) => unknown): Outcome<unknown>[] =>
  calls.map(call => outcomeOf(() => make(call)))

/** Begins all calls, and calls `done` with their outcomes when the last has ended. */
export function allAtOnce<C extends Call>(
  calls: readonly C[],
  make: (call: C, done: Done) => unknown,
  done: Done,
): void {
  let left = calls.length
  const outcomes: Outcome<unknown>[] = new Array(left)
  if (left === 0) done(null, outcomes)
  calls.forEach((call, at) => {
    make(call, (error, value) => {
      outcomes[at] = isFailure(error) ? { error } : { value }
      if (--left === 0) done(null, outcomes)
    })
  })
}
