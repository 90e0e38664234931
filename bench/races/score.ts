// Counts how many of how many went wrong, in each way.

import type { Verdict } from '../run/results.js'

export interface Count {
  readonly bad: number
  readonly of: number
}
export type Counts = Partial<Record<Verdict, Count>>

export function add(one: Counts, other: Counts): Counts {
  const sum = { ...one }
  for (const [verdict, { bad, of }] of Object.entries(other) as [Verdict, Count][]) {
    const before = sum[verdict]
    sum[verdict] = { bad: (before?.bad ?? 0) + bad, of: (before?.of ?? 0) + of }
  }
  return sum
}

/** What one process counts in one round. */
export class Score {
  counts: Counts = {}
  /** The error of the first rejected call: where to begin when a cell should be zero and is not. */
  why: string | undefined

  count(verdict: Verdict, isBad: boolean): void {
    this.counts = add(this.counts, { [verdict]: { bad: isBad ? 1 : 0, of: 1 } })
  }

  /** Makes a call, and counts whether it was rejected. */
  async call<T>(work: () => Promise<T>): Promise<PromiseSettledResult<T>> {
    const [result] = await Promise.allSettled([work()])
    this.count('rejected', result.status === 'rejected')
    if (result.status === 'rejected') this.why ??= String(result.reason?.stack ?? result.reason)
    return result
  }

  /** The same, for a call that returns whether the caller won. A caller that is rejected did not. */
  async wins(work: () => Promise<boolean>): Promise<boolean> {
    const result = await this.call(work)
    return result.status === 'fulfilled' && result.value
  }
}

/** Judges a thing that only one caller may win. */
export const oneWinner = (won: readonly boolean[]): Counts => ({
  'double winners': { bad: won.filter(Boolean).length > 1 ? 1 : 0, of: 1 },
})

/**
 * Turns a documented refusal into `false`: `.then(yes, no('EEXIST'))`. It is recognised by its code, or, if the error
 * has none, by the beginning of its message.
 */
export const no =
  (said: string) =>
  (error: NodeJS.ErrnoException): false => {
    if (error.code === said || (error.code === undefined && error.message.startsWith(said))) return false
    throw error
  }
export const yes = (): true => true
