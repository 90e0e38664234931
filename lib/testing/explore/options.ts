// What is asked of the explorer, and what it reports.

import type { dependent, footprint } from './footprint.js'

export interface ExploreOptions {
  /** Runs only schedules that interrupt a player that could go on at most so often: quick, and never complete. */
  readonly preemptions?: number
  /** Draws so many schedules at random, for worlds too large to finish. The seed is named in `bound`. */
  readonly random?: { readonly schedules: number; readonly seed?: number }
  /** Runs one schedule only: the replay string of a bad ending. */
  readonly replay?: string
  /** @default 1_000_000 */
  readonly maxSchedules?: number
  /** Steps of one schedule. @default 500 */
  readonly maxSteps?: number
  /** Milliseconds for the whole exploration. @default 60_000 */
  readonly maxMs?: number
  /**
   * Which schedules to leave out. Every value finds the same endings: see spec/testing/explore/reduction.spec.ts.
   * @default 'both'
   */
  readonly reduction?: 'both' | 'sleep' | 'hash' | 'none'
  /** Another footprint for each call: for the tests of the explorer. */
  readonly footprint?: typeof footprint
  /** Another relation between footprints: for the tests of the explorer. */
  readonly dependent?: typeof dependent
}

export interface Exploration {
  /** Schedules that were run to their end. */
  readonly schedules: number
  /** Schedules that were left as soon as they could bring nothing new. */
  readonly pruned: number
  /** Steps of all of them. */
  readonly steps: number
  /** Every schedule within the world's budgets was run, or leads to an ending that was checked in another. */
  readonly complete: boolean
  /** What bounded the exploration, if it is not complete. */
  readonly bound: string | undefined
  readonly ms: number
  /** How often which call failed in which way, as `link EEXIST`: the contention that there was. */
  readonly failed: ReadonlyMap<string, number>
}
