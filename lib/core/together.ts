// Several calls at once, whatever makes each of them.

import type { Call, Outcome } from './alphabet.js'
import type { Done } from './wait.js'

export function outcomeOf<T>(work: () => T): Outcome<T> {
  try {
    return { value: work() }
  } catch (error) {
    return { error }
  }
}

/** Makes the calls one after the other. A failure does not end the others. */
export const oneByOne = (calls: readonly Call[], make: (call: Call) => unknown): Outcome<unknown>[] =>
  calls.map(call => outcomeOf(() => make(call)))

/** Begins all calls, and calls `done` with their outcomes when the last has ended. */
export function allAtOnce(calls: readonly Call[], make: (call: Call, done: Done) => unknown, done: Done): undefined {
  let left = calls.length
  const outcomes: Outcome<unknown>[] = []
  if (left === 0) done(null, outcomes)
  calls.forEach((call, at) => {
    make(call, (error, value) => {
      outcomes[at] = error ? { error } : { value }
      if (--left === 0) done(null, outcomes)
    })
  })
}
