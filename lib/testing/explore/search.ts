// Every schedule of a world, by replay on a real directory: depth first, and without those that only swap two calls that
// commute (sleep sets; Godefroid 1996) or that come to a state which was explored before (a hash of all there is).

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tmp from 'tmp-promise'
import { BadEnding } from './bad-ending.js'
import { Directory } from './directory.js'
import { dependent, type Footprint, footprint } from './footprint.js'
import type { Exploration, ExploreOptions } from './options.js'
import { BadWorld, refusePromise } from './player.js'
import { Run } from './schedule.js'
import { columns, mermaid } from './trace.js'
import { type Choice, spellChoice, type World } from './world.js'

/** A point where something had to be chosen. */
interface Node {
  readonly choices: readonly Choice[]
  at: number
  /** Choices that need not be made here: what they lead to was explored elsewhere. */
  readonly asleep: Map<string, { player: number; touched: Footprint }>
  touched: Footprint | undefined
}

export class Search {
  readonly #world: World
  readonly #options: ExploreOptions
  readonly #stack: Node[] = []
  readonly #seen = new Map<string, (readonly string[])[]>()
  readonly #failed = new Map<string, number>()
  readonly #since = performance.now()
  #begun = 0
  #schedules = 0
  #pruned = 0
  #steps = 0
  readonly #bounds = new Set<string>()
  readonly #dependent: typeof dependent
  readonly #sleeps: boolean
  readonly #hashes: boolean
  readonly #seed: number
  readonly #random: (() => number) | undefined

  constructor(world: World, options: ExploreOptions) {
    this.#world = world
    this.#options = options
    const { reduction = 'both', preemptions, random, replay } = options
    const all = random === undefined && replay === undefined
    // Leaving out one of two equal schedules may leave out the one within the bound, so the bound goes without.
    this.#sleeps = all && preemptions === undefined && (reduction === 'both' || reduction === 'sleep')
    this.#hashes = all && (reduction === 'both' || reduction === 'hash')
    this.#seed = random?.seed ?? (Math.random() * 2 ** 32) >>> 0
    this.#random = random ? mulberry32(this.#seed) : undefined
    this.#dependent = options.dependent ?? dependent
    if (preemptions !== undefined) this.#bounds.add(`at most ${preemptions} preemptions`)
    if (random) this.#bounds.add(`${random.schedules} random schedules, seed ${this.#seed}`)
    if (replay !== undefined) this.#bounds.add('one schedule, replayed')
  }

  run(): Exploration {
    const shared = process.platform === 'linux' && existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
    const memory = process.env.HOLDFAST_SCRATCH ?? shared
    const scratch = tmp.dirSync({ tmpdir: memory, prefix: 'holdfast-explore', unsafeCleanup: true })
    try {
      do this.#schedule(join(scratch.name, 'world'))
      while (this.#goOn())
    } finally {
      scratch.removeCallback()
    }
    const ms = performance.now() - this.#since
    const counts = { schedules: this.#schedules, pruned: this.#pruned, steps: this.#steps, failed: this.#failed, ms }
    const bound = this.#bounds.size > 0 ? [...this.#bounds].join('; ') : undefined
    return { ...counts, complete: bound === undefined, bound }
  }

  /** Is there another one? */
  #goOn(): boolean {
    const { random, replay, maxSchedules = 1_000_000, maxMs = 60_000 } = this.#options
    if (replay !== undefined) return false
    if (random ? this.#begun >= random.schedules : !this.#backtrack()) return false
    if (this.#begun >= maxSchedules) this.#bounds.add(`${maxSchedules} schedules`)
    else if (performance.now() - this.#since >= maxMs) this.#bounds.add(`${maxMs} ms`)
    else return true
    return false
  }

  #schedule(root: string): void {
    this.#begun++
    const ground = new Directory(root)
    const run = new Run(this.#world, ground, this.#options.footprint ?? footprint)
    const taken: string[] = []
    try {
      const ended = this.#follow(run, taken)
      this.#steps += run.steps
      if (!ended) return
      this.#schedules++
      this.#count(run)
      this.#judge(run, taken.join(' '))
    } finally {
      run.end()
      ground.remove()
    }
  }

  #count(run: Run): void {
    for (const event of run.events) {
      if (event.mark || !event.failed) continue
      const what = `${event.call.op} ${event.said}`
      this.#failed.set(what, (this.#failed.get(what) ?? 0) + 1)
    }
  }

  #judge(run: Run, replay: string): void {
    let answer: unknown
    try {
      answer = this.#world.check({ dir: run.ground.root, outcomes: run.outcomes(), log: run.log() })
    } catch (error) {
      const names = run.players.map(player => player.name)
      const { root } = run.ground
      throw new BadEnding(
        error,
        replay,
        columns(names, run.events, root),
        mermaid(names, run.events, root),
        this.#schedules,
      )
    }
    refusePromise('check', answer)
  }

  /** Follows the choices that were made before, and then the first of each; answers whether it came to an end. */
  #follow(run: Run, taken: string[]): boolean {
    const { maxSteps = 500, replay } = this.#options
    const script = replay?.split(' ').filter(word => word !== '')
    let asleep: Node['asleep'] = new Map()
    let last = -2
    let preempted = 0
    for (let depth = 0; ; depth++) {
      let node = this.#stack[depth]
      let choice = node?.choices[node.at]
      if (!choice) {
        if (run.over()) {
          if (script && depth < script.length) throw anotherWorld(script[depth])
          return true
        }
        if (run.steps >= maxSteps) {
          this.#bounds.add(`a schedule of more than ${maxSteps} steps`)
          return false
        }
        const choices = run.choices(last)
        if (this.#random || script) choice = this.#pick(choices, script?.[depth])
        else {
          node = this.#open(run, choices, asleep, last, preempted)
          if (!node) {
            this.#pruned++
            return false
          }
          choice = node.choices[node.at] as Choice
        }
      }
      taken.push(spellChoice(choice))
      if (choice.player !== last && run.canGoOn(last)) preempted++
      if (choice.player >= 0) last = choice.player
      // On the way to where the last schedule ended nothing is new, so nobody needs to know what is touched.
      const fresh = this.#sleeps && depth >= this.#stack.length - 1
      const touched = run.take(choice, fresh)
      if (node && fresh) {
        node.touched = touched
        const still = [...node.asleep].filter(
          ([, z]) => z.player !== choice.player && !this.#dependent(z.touched, touched),
        )
        asleep = new Map(still)
      }
    }
  }

  /** A point that was not reached before; undefined if nothing new can come of it. */
  #open(
    run: Run,
    choices: readonly Choice[],
    asleep: Node['asleep'],
    last: number,
    preempted: number,
  ): Node | undefined {
    const { preemptions } = this.#options
    const bounded = preemptions !== undefined && preempted >= preemptions && run.canGoOn(last)
    const free = bounded
      ? choices.filter(({ player }) => player === last)
      : this.#sleeps
        ? run.ofAnInvisible(choices)
        : choices
    if (this.#hashes && this.#wasHere(run, asleep, preemptions === undefined ? '' : `${last} ${preempted}`))
      return undefined
    const node: Node = { choices: free, at: -1, asleep, touched: undefined }
    if (!advance(node)) return undefined
    this.#stack.push(node)
    return node
  }

  /** Was this very state explored before, with no more asleep than now? */
  #wasHere(run: Run, asleep: Node['asleep'], bound: string): boolean {
    const key = createHash('sha1').update(`${run.state()}\n${bound}`).digest('base64')
    const before = this.#seen.get(key)
    if (before?.some(sleepers => sleepers.every(one => asleep.has(one)))) return true
    if (before) before.push([...asleep.keys()])
    else this.#seen.set(key, [[...asleep.keys()]])
    return false
  }

  #pick(choices: readonly Choice[], word: string | undefined): Choice {
    if (this.#random) return choices[Math.floor(this.#random() * choices.length)] as Choice
    const choice = word === undefined ? choices[0] : choices.find(one => spellChoice(one) === word)
    if (!choice) throw anotherWorld(word)
    return choice
  }

  #backtrack(): boolean {
    for (let node = this.#stack.at(-1); node; node = this.#stack.at(-1)) {
      const choice = node.choices[node.at] as Choice
      if (this.#sleeps && node.touched)
        node.asleep.set(spellChoice(choice), { player: choice.player, touched: node.touched })
      if (advance(node)) return true
      this.#stack.pop()
    }
    return false
  }
}

const anotherWorld = (word: string | undefined): Error =>
  new BadWorld(`This replay is of another world: "${word}" cannot happen here`)

/** Goes on to the next choice that is not asleep. */
function advance(node: Node): boolean {
  do node.at++
  while (node.at < node.choices.length && node.asleep.has(spellChoice(node.choices[node.at] as Choice)))
  return node.at < node.choices.length
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
