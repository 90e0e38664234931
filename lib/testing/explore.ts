// What is asked of the explorer, and what it answers.

import type { dependent, footprint } from './explore/footprint.js'
import { Search } from './explore/search.js'
import type { World } from './explore/world.js'

export interface ExploreOptions {
  /** Only schedules in which a player that could go on is interrupted at most so often: quick, and never complete. */
  readonly preemptions?: number
  /** So many schedules drawn at random instead of all: for worlds too large to finish. The seed is in the answer. */
  readonly random?: { readonly schedules: number; readonly seed?: number }
  /** One schedule only: the replay string of a bad ending. */
  readonly replay?: string
  /** @default 1_000_000 */
  readonly maxSchedules?: number
  /** Steps of one schedule. @default 500 */
  readonly maxSteps?: number
  /** Milliseconds. @default 60_000 */
  readonly maxMs?: number
  /** Which schedules to leave out. All three agree, and spec/reduction.spec.ts holds them to it. @default 'both' */
  readonly reduction?: 'both' | 'sleep' | 'hash' | 'none'
  /** Another relation: for the tests of the explorer. */
  readonly footprint?: typeof footprint
  readonly dependent?: typeof dependent
}

export interface Exploration {
  /** Schedules that were run to their end, and those that were left as soon as they could bring nothing new. */
  readonly schedules: number
  readonly pruned: number
  readonly steps: number
  /** Every schedule within the budgets was explored, or is equal to one that was. */
  readonly complete: boolean
  /** What bounded it, if it is not complete. */
  readonly bound: string | undefined
  readonly ms: number
  /** How often which call failed in which way, as `link EEXIST`: the contention that there was. */
  readonly failed: ReadonlyMap<string, number>
}

/**
 * Runs every schedule of a world.
 *
 * Holds afterwards: if it answers with `complete: true`, no order of the players' calls, and no use of the world's
 * budgets of kills, failures, lies, aborts and ticks, comes to an ending that `check` refuses.
 *
 * Not promised: anything about what is no call (time inside a system call, caches of a network filesystem, the times in
 * stats, which read 0), about more players and larger budgets than were given, or about a sleep that ends by itself while
 * others are awake: it ends when another changes something, when the clock ticks, or when all sleep.
 *
 * @throws BadEnding with the schedule, as soon as `check` throws. An Error if the world itself is wrong.
 */
export function explore(world: World, options: ExploreOptions = {}): Exploration {
  return new Search(world, options).run()
}
