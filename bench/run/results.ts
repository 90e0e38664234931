// The results as they are kept: one file for the races, one for the speed. Tables and charts are made from these.

import type { About } from './about.js'

export const verdicts = [
  'rejected',
  'torn or absent',
  'double winners',
  'lost',
  'debris',
  'made again',
  'different answers',
  'brought back',
  'over the limit',
] as const
export type Verdict = (typeof verdicts)[number]

/** Is this package holdfast? What follows the name is an engine, as in `holdfast, sqlite`, or a face. */
export const isOurs = (name: string): boolean => /^holdfast(, |\/|$)/.test(name)

/** How many (`bad` of `of`) went wrong in one way, with one package, in one contest, on one filesystem. */
export interface RaceCell {
  readonly filesystem: string
  readonly contest: string
  readonly package: string
  readonly verdict: Verdict
  readonly bad: number
  readonly of: number
  /** What was counted: calls, rounds, reads, names. */
  readonly unit: string
  /** False: the package does not claim to do this, so it is not blamed. */
  readonly promised: boolean
}

export interface RaceResults {
  readonly about: About
  readonly cells: readonly RaceCell[]
}

/** The two forms of a call: a promise, or synchronous. */
export type Form = 'async' | 'sync'

/** The time of one way of doing a work. */
export interface SpeedCell {
  readonly filesystem: string
  /** As in `mkdirp, 8 levels`. */
  readonly work: string
  /** A package, or one of the floors: `floor: callbacks`, `floor: sync`, `floor: C`. */
  readonly side: string
  readonly form: Form
  /** Microseconds of one call. */
  readonly median: number
  readonly p99: number
  /** The number of calls that `median` and `p99` are taken from. */
  readonly calls: number
  /** It promises less than holdfast (it writes in place, or does not check), so it may well be faster. */
  readonly weaker?: true
}

/** A target that holdfast must meet: a ratio of two medians of this run, at most `asked`. */
export interface Target {
  readonly filesystem: string
  readonly work: string
  readonly form: Form
  readonly against: string
  readonly ratio: number
  readonly asked: number
}

/** Many processes take turns at one thing. */
export interface ContendedCell {
  readonly filesystem: string
  readonly contest: string
  readonly side: string
  readonly perSecond: number
  /** Milliseconds. */
  readonly longestWait: number
}

/** The time of a call as something grows. */
export interface GrowthCell {
  readonly filesystem: string
  readonly work: string
  readonly side: string
  readonly growing: 'calls at a time' | 'entries in the directory' | 'keys in the store'
  readonly size: number
  /** Microseconds of one call; of many at a time, the time of all divided by their number. */
  readonly median: number
}

export interface SpeedResults {
  readonly about: About
  readonly cells: readonly SpeedCell[]
  readonly targets: readonly Target[]
  readonly contended: readonly ContendedCell[]
  readonly growth: readonly GrowthCell[]
}
