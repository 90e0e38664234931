// What each algorithm does: a pure function of its state, the time, and what a hit costs.

import type { Part } from './rule.js'

/** What a limiter says of a hit. */
export interface Decision {
  /** The hit may go ahead, and is counted. */
  readonly allowed: boolean
  readonly cost: number
  /** When it was judged (ms since 1970, on the clock of the store's engine). */
  readonly at: number
  /** What is counted, this hit included if it is allowed. */
  readonly count: number
  /** How much more would be allowed at this moment. */
  readonly remaining: number
  readonly limit: number
  /** How many ms after `at` the same hit is allowed, if no other is counted before. Infinity: never, it costs too much. */
  readonly retryAfter: number
  /** When nothing is counted any more, if no other hit comes (ms since 1970). */
  readonly resetAt: number
  /** Of a rule that is made of several: the decision of each. The other figures are then those of the tightest one. */
  readonly parts?: readonly Decision[]
  /** It is not known whether the hit was counted: a reply was lost. */
  readonly unknown?: true
}

/** Whole numbers: each algorithm says what they mean. */
export type State = readonly number[]

/** What becomes of a state. It is the same object if nothing is changed. */
export type Judged = readonly [state: State | undefined, decision: Decision]

/** `state`: undefined if nothing was counted yet. `clockMs`: what the clock says, which may have gone back since. */
export interface Algorithm {
  /**
   * Was the clock set back so far that the state would stand in the way for more than two windows? Then all the functions
   * below begin anew.
   */
  isAhead(part: Part, state: State, clockMs: number): boolean
  /** `isCounted`: the hit is counted even if it is not allowed. */
  hit(part: Part, state: State | undefined, clockMs: number, cost: number, isCounted: boolean): Judged
  /** Begins a window in which so much is counted, or changes the one that there is. */
  set(part: Part, state: State | undefined, clockMs: number, count: number): State
  /** Takes back what a hit was counted for. The same object: that window is over. */
  refund(part: Part, state: State | undefined, clockMs: number, made: Decision): State | undefined
  /** When the state has nothing to say any more. */
  endsAtMs(part: Part, state: State): number
  /** What was counted last, whether or not that is over. */
  countOf(state: State): number
}

/** Counts are whole numbers that can be calculated with. */
export const mostCount = 2 ** 52

/** How a hit was judged by an algorithm that counts hits. */
interface Judgement {
  readonly allowed: boolean
  readonly cost: number
  readonly clockMs: number
  readonly count: number
  /** When there is room for it. */
  readonly roomAtMs: () => number
  readonly resetAt: number
}

export function decide({ limit }: Part, { allowed, cost, clockMs, count, roomAtMs, resetAt }: Judgement): Decision {
  const remaining = count < limit ? limit - count : 0
  const retryAfter = allowed ? 0 : cost > limit ? Number.POSITIVE_INFINITY : roomAtMs() - clockMs
  return { allowed, cost, at: clockMs, count, remaining, limit, retryAfter, resetAt }
}
