// What a contest is: who takes part, what they do, and what they are judged by.

import type { Result } from 'holdfast/testing'
import type { Verdict } from '../run/results.js'
import type { Counts } from './score.js'
import type { Turn } from './turn.js'

/** How one verdict is judged. */
export interface Judged {
  /** What is counted: calls, rounds, reads, names. */
  readonly of: string
  /** Who does not say that it does this, and so is not blamed. */
  readonly unpromised?: readonly string[]
}

export interface Title {
  readonly contest: string
  readonly package: string
}

export interface Rules<Way, Said> {
  readonly name: string
  /** The contest's own: `import.meta.url`. */
  readonly file: string
  /** One line per package, by its name. */
  readonly ways: Readonly<Record<string, Way>>
  readonly verdicts: Partial<Record<Verdict, Judged>>
  /** What a row is called, where it is not this contest and that package. */
  readonly titleOf?: (row: string) => Title
  /** How many processes in which role. */
  readonly cast: Readonly<Record<string, number>>
  /** What each role does in a round. What it answers is given to `judge`. */
  readonly plays: Readonly<Record<string, (way: Way, turn: Turn) => Promise<Said> | Said>>
  /** For each package, in the full form. */
  readonly rounds: number
  /** How many rounds are held in one directory, one after the other, before it is judged. @default 1 */
  readonly acts?: number
  /** Before everything, in the parent. */
  readonly prologue?: (dir: string, turns: number, signal: AbortSignal) => Promise<void>
  /** Before the first act, in the parent: lays out what the processes find. */
  readonly lay?: (dir: string, way: Way) => void
  /** After the last act: what only shows in the end. */
  readonly judge?: (dir: string, said: readonly Said[], way: Way) => Counts
  /** Was this a contest at all? @default two of the processes acted at the same moment */
  readonly contended?: (results: readonly Result[], said: readonly Said[]) => boolean
}

/** What became of one package. */
export interface Fate {
  readonly counts: Counts
  readonly rounds: number
  /** In how many of them there was contention. */
  readonly contended: number
  /** What the first rejected call said. */
  readonly why: string | undefined
}

export interface Run {
  readonly dir: string
  readonly seed: number
  /** How much of the full form: 1 is all of it. */
  readonly part: number
  readonly signal: AbortSignal
  readonly onProgress: (done: number, total: number) => void
}

export interface Contest {
  readonly name: string
  readonly verdicts: Partial<Record<Verdict, Judged>>
  /** Its rows, in their order; what they are called says `titleOf`. */
  readonly rows: readonly string[]
  titleOf(row: string): Title
  /** Answers what became of each package, or, in words, why it cannot be held here. */
  hold(run: Run): Promise<ReadonlyMap<string, Fate> | string>
}

/** The role of those who are killed. */
export const victim = 'victim'
