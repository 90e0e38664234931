// Several calls of the sync form, one after the other, and what came of them.

import type { Call, Outcome } from './alphabet.js'

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
