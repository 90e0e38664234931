// The search of all schedules, by replay: each schedule repeats the choices of the one before up to the last fork that
// has a choice left, takes that choice, and goes on with the first choice of each new fork.

import type { Chooser } from './chooser.js'
import type { dependent, Footprint } from './footprint.js'
import { Memory } from './memory.js'
import { SeenStates, SleepSet } from './reduction.js'
import type { Schedule } from './schedule.js'
import type { Choice } from './world.js'

/** A point of the current schedule where something had to be chosen. */
interface Fork {
  readonly choices: readonly Choice[]
  /** The index of the choice that is taken now. */
  at: number
  readonly asleep: SleepSet
  /** What that choice touched; undefined without sleep sets. */
  touched: Footprint | undefined
  /** What came of that choice. */
  memory: Memory
}

export interface Reductions {
  /** The relation that sleep sets go by; undefined: no sleep sets. */
  readonly dependent: typeof dependent | undefined
  /** Leave a schedule when it comes to a state that was explored before. */
  readonly states: boolean
  /** Interrupt players that could go on at most so often; undefined: no bound. */
  readonly preemptions: number | undefined
}

export class DepthFirst implements Chooser {
  readonly #reductions: Reductions
  readonly #seen = new SeenStates()
  readonly #forks: Fork[] = []
  /** How many forks this schedule has passed. */
  #depth = 0
  /** What sleeps at the next fork. */
  #asleep = new SleepSet()

  constructor(reductions: Reductions) {
    this.#reductions = reductions
  }

  next(schedule: Schedule): Choice | undefined {
    const fork = this.#forks[this.#depth] ?? this.#open(schedule)
    if (!fork) return undefined
    this.#depth++
    return fork.choices[fork.at]
  }

  /** Only at the last fork: on the way there the schedule repeats the one before. */
  get learns(): boolean {
    return this.#reductions.dependent !== undefined && this.#depth === this.#forks.length
  }

  get memory(): Memory | undefined {
    return this.#forks[this.#depth - 1]?.memory
  }

  learn(touched: Footprint): void {
    const fork = this.#forks.at(-1)
    if (!fork || !this.#reductions.dependent) return
    fork.touched = touched
    this.#asleep = fork.asleep.after(fork.choices[fork.at] as Choice, touched, this.#reductions.dependent)
  }

  end(): void {}

  another(): boolean {
    this.#depth = 0
    this.#asleep = new SleepSet()
    for (let fork = this.#forks.at(-1); fork; fork = this.#forks.at(-1)) {
      if (fork.touched) fork.asleep.add(fork.choices[fork.at] as Choice, fork.touched)
      if (advance(fork)) return true
      this.#forks.pop()
    }
    return false
  }

  /** Adds a fork that no schedule has come to before; returns undefined if nothing new can come of it. */
  #open(schedule: Schedule): Fork | undefined {
    const { preemptions, states } = this.#reductions
    const bound = preemptions === undefined ? '' : `${schedule.last} ${schedule.preemptions}`
    if (states && this.#seen.hasOrAdd(`${schedule.state()}\n${bound}`, this.#asleep)) return undefined
    const choices = this.#choicesOf(schedule)
    const fork: Fork = { choices, at: -1, asleep: this.#asleep, touched: undefined, memory: new Memory() }
    if (!advance(fork)) return undefined
    this.#forks.push(fork)
    return fork
  }

  #choicesOf(schedule: Schedule): readonly Choice[] {
    const { preemptions = Number.POSITIVE_INFINITY, dependent } = this.#reductions
    if (schedule.preemptions >= preemptions && schedule.canGoOn(schedule.last))
      return schedule.choices().filter(({ player }) => player === schedule.last)
    return dependent ? schedule.choicesThatMatter() : schedule.choices()
  }
}

/** Goes on to the next choice that does not sleep. */
function advance(fork: Fork): boolean {
  fork.memory = new Memory()
  do fork.at++
  while (fork.at < fork.choices.length && fork.asleep.has(fork.choices[fork.at] as Choice))
  return fork.at < fork.choices.length
}
