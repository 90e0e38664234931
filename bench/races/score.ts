// What is counted: so many of so many went wrong, in each way.

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
  /** What the first rejected call said: whoever finds a cell that should be zero begins here. */
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

  /** The same, for a call that answers whether it is the caller who got it: who is rejected did not. */
  async wins(work: () => Promise<boolean>): Promise<boolean> {
    const result = await this.call(work)
    return result.status === 'fulfilled' && result.value
  }
}

/** One thing, of which one may have it. */
export const oneWinner = (won: readonly boolean[]): Counts => ({
  'double winners': { bad: won.filter(Boolean).length > 1 ? 1 : 0, of: 1 },
})

/** A documented no is an answer: `.then(yes, no('EEXIST'))`. By code, or, where there is none, by what the message says. */
export const no =
  (said: string) =>
  (error: NodeJS.ErrnoException): false => {
    if (error.code === said || (error.code === undefined && error.message.startsWith(said))) return false
    throw error
  }
export const yes = (): true => true
