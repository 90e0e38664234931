// Runs a world schedule by schedule, each from its start in a fresh directory, until none is left or a bound is reached.

import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tmp from 'tmp-promise'
import { refusePromise } from './bad-world.js'
import { type Chooser, RandomWalk, Replay } from './chooser.js'
import { DepthFirst } from './depth-first.js'
import { Directory } from './directory.js'
import { badEnding, endingOf } from './ending.js'
import { dependent, footprint } from './footprint.js'
import type { Exploration, ExploreOptions } from './options.js'
import { Schedule } from './schedule.js'
import type { World } from './world.js'

export class Search {
  readonly #world: World
  readonly #options: ExploreOptions
  readonly #chooser: Chooser
  readonly #bounds = new Set<string>()
  readonly #failed = new Map<string, number>()
  readonly #sinceMs = performance.now()
  #begun = 0
  /** What the first schedule found, as long as the others found the same. */
  #start: string | undefined
  #schedules = 0
  #pruned = 0
  #steps = 0

  constructor(world: World, options: ExploreOptions) {
    this.#world = world
    this.#options = options
    const { preemptions, random, replay, reduction = 'both' } = options
    if (preemptions !== undefined) this.#bounds.add(`at most ${preemptions} preemptions`)
    if (replay !== undefined) {
      this.#bounds.add('one schedule, replayed')
      this.#chooser = new Replay(replay)
    } else if (random) {
      const seed = random.seed ?? (Math.random() * 2 ** 32) >>> 0
      this.#bounds.add(`${random.schedules} random schedules, seed ${seed}`)
      this.#chooser = new RandomWalk(random.schedules, seed)
    } else {
      // Of two equal schedules, sleep sets may leave out the one that is within the bound.
      const sleeps = preemptions === undefined && (reduction === 'both' || reduction === 'sleep')
      const states = reduction === 'both' || reduction === 'hash'
      this.#chooser = new DepthFirst({
        dependent: sleeps ? (options.dependent ?? dependent) : undefined,
        states,
        preemptions,
      })
    }
  }

  run(): Exploration {
    const scratch = tmp.dirSync({ tmpdir: scratchPlace(), prefix: 'holdfast-explore', unsafeCleanup: true })
    try {
      do this.#runSchedule(join(scratch.name, 'world'))
      while (this.#chooser.another() && this.#isWithinBounds())
    } finally {
      scratch.removeCallback()
    }
    const ms = performance.now() - this.#sinceMs
    const counts = { schedules: this.#schedules, pruned: this.#pruned, steps: this.#steps, failed: this.#failed, ms }
    const bound = this.#bounds.size > 0 ? [...this.#bounds].join('; ') : undefined
    return { ...counts, complete: bound === undefined, bound }
  }

  #isWithinBounds(): boolean {
    const { maxSchedules = 1_000_000, maxMs = 60_000 } = this.#options
    if (this.#begun >= maxSchedules) this.#bounds.add(`${maxSchedules} schedules`)
    else if (performance.now() - this.#sinceMs >= maxMs) this.#bounds.add(`${maxMs} ms`)
    else return true
    return false
  }

  #runSchedule(root: string): void {
    this.#begun++
    const ground = new Directory(root)
    const schedule = new Schedule(this.#world, ground, this.#options.footprint ?? footprint)
    try {
      if (this.#begun === 1) this.#start = ground.tree()
      else if (this.#begun === 2 && this.#start !== ground.tree()) this.#start = undefined
      const ended = this.#follow(schedule)
      this.#steps += schedule.taken.length
      if (!ended) return
      this.#schedules++
      this.#countFailures(schedule)
      this.#judge(schedule)
    } finally {
      schedule.close()
      ground.remove()
    }
  }

  /** Takes step after step. Returns whether the schedule came to its end. */
  #follow(schedule: Schedule): boolean {
    const { maxSteps = 500 } = this.#options
    while (!schedule.over()) {
      if (schedule.taken.length >= maxSteps) {
        this.#bounds.add(`a schedule of more than ${maxSteps} steps`)
        return false
      }
      const choice = this.#chooser.next(schedule)
      if (!choice) {
        this.#pruned++
        return false
      }
      const { learns, memory } = this.#chooser
      const touched = schedule.take(choice, learns, this.#start === undefined ? undefined : memory)
      if (learns) this.#chooser.learn(touched)
    }
    this.#chooser.end()
    return true
  }

  #countFailures({ events }: Schedule): void {
    for (const event of events) {
      if (event.mark || !event.failed) continue
      const what = `${event.call.op} ${event.result}`
      this.#failed.set(what, (this.#failed.get(what) ?? 0) + 1)
    }
  }

  #judge(schedule: Schedule): void {
    let returned: unknown
    try {
      returned = this.#world.check(endingOf(schedule))
    } catch (error) {
      throw badEnding(error, schedule, this.#schedules)
    }
    refusePromise('check', returned)
  }
}

/** In memory where possible, because an exploration makes millions of calls. */
function scratchPlace(): string {
  const memory = process.platform === 'linux' && existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  return process.env.HOLDFAST_SCRATCH ?? memory
}
