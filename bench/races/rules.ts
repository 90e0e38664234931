// What a contest is: which processes take part, what they do, and what they are judged by.

import type { Result } from 'holdfast/testing'
import type { Verdict } from '../run/results.js'
import type { Counts } from './score.js'
import type { Turn } from './turn.js'

/** How one verdict is judged. */
export interface Judged {
  /** What is counted: calls, rounds, reads, names. */
  readonly of: string
  /** The packages that do not claim to do this, and so are not blamed. */
  readonly unpromised?: readonly string[]
}

export interface Title {
  readonly contest: string
  readonly package: string
}

export interface Rules<Way, Said> {
  readonly name: string
  /** The contest's own file: `import.meta.url`. */
  readonly file: string
  /** One line per package, by its name. */
  readonly ways: Readonly<Record<string, Way>>
  readonly verdicts: Partial<Record<Verdict, Judged>>
  /** The title of a row, if it is not this contest and that package. */
  readonly titleOf?: (row: string) => Title
  /** How many processes play each role. */
  readonly cast: Readonly<Record<string, number>>
  /** What each role does in a round. What it returns is passed to `judge`. */
  readonly plays: Readonly<Record<string, (way: Way, turn: Turn) => Promise<Said> | Said>>
  /** Rounds for each package, in the full form. */
  readonly rounds: number
  /** How many rounds are held in one directory, one after the other, before the directory is judged. @default 1 */
  readonly acts?: number
  /** Runs in the parent, before everything. */
  readonly prologue?: (dir: string, turns: number, signal: AbortSignal) => Promise<void>
  /** Runs in the parent, before the first act: lays out what the processes find. */
  readonly lay?: (dir: string, way: Way) => void
  /** Runs after the last act, in the parent: counts what shows only at the end. */
  readonly judge?: (dir: string, said: readonly Said[], way: Way) => Counts
  /** Did the processes collide in this round? @default whether two of them acted at the same moment */
  readonly contended?: (results: readonly Result[], said: readonly Said[]) => boolean
}

/** What became of one package. */
export interface Fate {
  readonly counts: Counts
  readonly rounds: number
  /** In how many rounds there was contention. */
  readonly contended: number
  /** The error of the first rejected call. */
  readonly why: string | undefined
}

export interface Run {
  readonly dir: string
  readonly seed: number
  /** The part of the full form that is run: 1 is all of it. */
  readonly part: number
  readonly signal: AbortSignal
  readonly onProgress: (done: number, total: number) => void
}

export interface Contest {
  readonly name: string
  readonly verdicts: Partial<Record<Verdict, Judged>>
  /** Its rows, in order. `titleOf` gives their titles. */
  readonly rows: readonly string[]
  titleOf(row: string): Title
  /** Returns what became of each package, or, as a text, why the contest cannot be held here. */
  hold(run: Run): Promise<ReadonlyMap<string, Fate> | string>
}

/** The role of the processes that are killed. */
export const victim = 'victim'
