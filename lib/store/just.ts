import type { Steps } from '../core/steps.js'

/** Steps that make no call. */
// biome-ignore lint/correctness/useYield: that is what it is for
export function* just<T>(work: () => T): Steps<T> {
  return work()
}
