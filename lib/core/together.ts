// Several calls at once, whoever makes each of them.

import type { Call, Outcome } from './steps.js'
import type { Done } from './wait.js'

/** One after the other, and none of them ends the others. */
export function outcomesOf(calls: readonly Call[], make: (call: Call) => unknown): Outcome<unknown>[] {
  return calls.map(call => {
    try {
      return { value: make(call) }
    } catch (error) {
      return { error }
    }
  })
}

/** All are begun, and `done` is told when the last has ended. */
export function allOf(calls: readonly Call[], make: (call: Call, done: Done) => unknown, done: Done): undefined {
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
