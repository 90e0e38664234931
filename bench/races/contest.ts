// A contest: real processes that do the same thing at the same moment, with each package in turn. The number of the
// round says whose turn it is, and each round has a directory of its own, so noise falls on all alike, and processes
// start once.
//
// A file that calls `contest` is its own worker: in a child process, started by `race`, it serves the rounds.

import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { contender, overlaps, type Result, race } from 'holdfast/testing'
import { marksOf, played, type Reply, seedVariable, turnOf } from './rounds.js'
import { type Contest, type Fate, type Rules, type Run, victim } from './rules.js'
import { add } from './score.js'

export function contest<Way, Said>(rules: Rules<Way, Said>): Contest {
  // Other contests import this file for its ways. It serves rounds only in its own children.
  if (process.argv[1] === fileURLToPath(rules.file)) contender(played(rules))
  return {
    name: rules.name,
    verdicts: rules.verdicts,
    rows: Object.keys(rules.ways),
    titleOf: rules.titleOf ?? (row => ({ contest: rules.name, package: row })),
    hold: run => new Holding(rules, run).hold(),
  }
}

/** A contest under way. */
class Holding<Way, Said> {
  readonly #fates = new Map<string, Fate>()
  #said: Said[] = []

  constructor(
    readonly rules: Rules<Way, Said>,
    readonly run: Run,
  ) {}

  async hold(): Promise<ReadonlyMap<string, Fate>> {
    const { file, ways, cast, acts = 1, prologue } = this.rules
    const { dir, part, signal, seed, onProgress } = this.run
    const turns = Object.keys(ways).length * Math.max(1, Math.round(this.rules.rounds * part))
    const rounds = turns * acts
    process.env[seedVariable] = String(seed)
    await prologue?.(dir, turns, signal)
    await race(file, {
      dir,
      cast,
      rounds,
      signal,
      timeout: 15 * 60_000,
      before: round => this.#before(round),
      after: (results, round) => {
        this.#after(results, round)
        onProgress(round + 1, rounds)
      },
    })
    return this.#fates
  }

  #before(round: number): void {
    const { way, act, place } = turnOf(this.rules, round)
    if (act > 0) return
    const dir = join(this.run.dir, place)
    mkdirSync(dir, { recursive: true })
    mkdirSync(join(this.run.dir, marksOf(place)))
    this.rules.lay?.(dir, way)
  }

  #after(results: readonly Result[], round: number): void {
    const { name, way, act, place } = turnOf(this.rules, round)
    const { judge, acts = 1, contended = overlaps } = this.rules
    const replies = results.flatMap(result => this.#replyOf(result, name))
    this.#said.push(...replies.flatMap(({ said }) => (said === undefined ? [] : [said])))
    const dir = join(this.run.dir, place)
    const isLast = act === acts - 1
    const judged = isLast && judge ? judge(dir, this.#said, way) : {}
    const before = this.#fates.get(name)
    this.#fates.set(name, {
      counts: replies.map(({ counts }) => counts).reduce(add, add(before?.counts ?? {}, judged)),
      rounds: (before?.rounds ?? 0) + (isLast ? 1 : 0),
      contended: (before?.contended ?? 0) + (isLast && contended(results, this.#said) ? 1 : 0),
      why: before?.why ?? replies.find(({ why }) => why)?.why,
    })
    if (!isLast) return
    this.#said = []
    // No process works there any more.
    rmSync(dir, { recursive: true })
    rmSync(join(this.run.dir, marksOf(place)), { recursive: true })
  }

  /** Plays count the calls that are rejected. What a play itself throws is a fault of the contest. */
  #replyOf({ how, role, value, message }: Result, name: string): Reply<Said>[] {
    if (how === 'threw') throw new Error(`${this.rules.name}, ${name}: the ${role} failed: ${message}`)
    if (how === 'died' && role === victim) return []
    // The package itself ended it, for example by an error that it throws where no caller can catch it.
    if (how === 'died') throw new Error(`${this.rules.name}, ${name}: the process of the ${role} died`)
    return [value as Reply<Said>]
  }
}
