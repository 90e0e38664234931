// What decides which step of a schedule comes next: a replay string, chance, or the search of all schedules
// (./depth-first.ts).

import { BadWorld } from './bad-world.js'
import type { Footprint } from './footprint.js'
import type { Memory } from './memory.js'
import type { Schedule } from './schedule.js'
import { type Choice, spellChoice } from './world.js'

export interface Chooser {
  /** Chooses what happens next in this schedule; returns undefined if nothing new can come of it. */
  next(schedule: Schedule): Choice | undefined
  /** `learn` must be called with what the choice has touched. */
  readonly learns: boolean
  learn(touched: Footprint): void
  /** What came of the choice when another schedule made it, after the same steps. */
  readonly memory?: Memory | undefined
  /** The schedule has come to its end. */
  end(): void
  /** Goes over to another schedule; returns false if there is none left. */
  another(): boolean
}

/** Takes one schedule from a replay string, and after its last word always the first choice. */
export class Replay implements Chooser {
  readonly learns = false
  readonly #words: string[]

  constructor(replay: string) {
    this.#words = replay.split(' ').filter(word => word !== '')
  }

  next(schedule: Schedule): Choice {
    const word = this.#words.shift()
    const choices = schedule.choices()
    const choice = word === undefined ? choices[0] : choices.find(one => spellChoice(one) === word)
    if (!choice) throw anotherWorld(word)
    return choice
  }

  learn(): void {}

  end(): void {
    if (this.#words.length > 0) throw anotherWorld(this.#words[0])
  }

  another(): boolean {
    return false
  }
}

const anotherWorld = (word: string | undefined): Error =>
  new BadWorld(`This replay is of another world: "${word}" cannot happen here`)

/** Draws schedules at random: the same ones for the same seed. */
export class RandomWalk implements Chooser {
  readonly learns = false
  readonly #random: () => number
  #left: number

  constructor(schedules: number, seed: number) {
    this.#left = schedules
    this.#random = mulberry32(seed)
  }

  next(schedule: Schedule): Choice {
    const choices = schedule.choices()
    return choices[Math.floor(this.#random() * choices.length)] as Choice
  }

  learn(): void {}
  end(): void {}

  another(): boolean {
    return --this.#left > 0
  }
}

/** A small random generator with a seed, so that a sample can be drawn again. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
