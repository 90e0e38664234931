// What a process of a contest has in one round.

import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as next } from 'node:timers/promises'
import { chance } from '../run/chance.js'
import { Score } from './score.js'

/** Milliseconds for all the turns of a process in one round: a package whose calls wait long makes fewer of them. */
const longest = 800
/** Milliseconds after which somebody who waits for another gives up; the race then says that it went wrong. */
export const patience = 20_000

export class Turn {
  readonly score = new Score()
  /** From the run's seed, and different for each process and round. */
  readonly chance: () => number

  constructor(
    /** Where the contest is held: nothing else is in it. */
    readonly dir: string,
    /** Which of those in this role, from 0. */
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

  /** So many times, if there is time for that. */
  *times(count: number): Generator<number> {
    const until = performance.now() + longest
    for (let at = 0; at < count && performance.now() < until; at++) yield at
  }

  /** Tells the others something; beside the contest's directory, so that it is not in anybody's way. */
  mark(what: string): void {
    writeFileSync(join(this.marks, what), '')
  }

  isMarked(what: string): boolean {
    return existsSync(join(this.marks, what))
  }

  /** Over and over, until so many others have marked this. Somebody who looks must let his own event loop turn, too. */
  async *until(what: string, processes: number): AsyncGenerator<void> {
    const late = performance.now() + patience
    const all = Array.from({ length: processes }, (_, number) => `${what}-${number}`)
    while (!all.every(name => this.isMarked(name))) {
      if (performance.now() > late) throw new Error(`Nobody said "${what}" within ${patience} ms`)
      yield
      await next()
    }
  }
}
