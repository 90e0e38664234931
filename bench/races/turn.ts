// What a process of a contest works with in one round.

import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as next } from 'node:timers/promises'
import { chance } from '../run/chance.js'
import { Score } from './score.js'

/** Milliseconds for all the calls of a process in one round: a package whose calls wait long makes fewer of them. */
const longest = 800
/** Milliseconds after which a process that waits for another gives up; then the race fails. */
export const patience = 20_000

export class Turn {
  readonly score = new Score()
  /** Random numbers from the run's seed, different for each process and round. */
  readonly chance: () => number

  constructor(
    /** The directory of the contest: nothing else is in it. */
    readonly dir: string,
    /** Which of the processes in this role, from 0. */
    readonly number: number,
    /** Which of the rounds that are held in this directory, from 0. */
    readonly act: number,
    seed: number,
    private readonly marks: string,
  ) {
    this.chance = chance(seed)
  }

  path(name: string): string {
    return join(this.dir, name)
  }

  /** Yields `count` times, or until the time is over. */
  *times(count: number): Generator<number> {
    const until = performance.now() + longest
    for (let at = 0; at < count && performance.now() < until; at++) yield at
  }

  /** Sets a mark for the other processes, beside the contest's directory, where it is in no one's way. */
  mark(what: string): void {
    writeFileSync(join(this.marks, what), '')
  }

  isMarked(what: string): boolean {
    return existsSync(join(this.marks, what))
  }

  /** Yields over and over, until `processes` processes have set this mark. Between two looks the event loop turns. */
  async *until(what: string, processes: number): AsyncGenerator<void> {
    const late = performance.now() + patience
    const all = Array.from({ length: processes }, (_, number) => `${what}-${number}`)
    while (!all.every(name => this.isMarked(name))) {
      if (performance.now() > late) throw new Error(`Not all processes marked "${what}" within ${patience} ms`)
      yield
      await next()
    }
  }
}
