// One schedule of a world, from its start to its end: what can happen next, and what comes of it.

import { closeSync } from 'node:fs'
import { opsThat } from '../../core/alphabet.js'
import { abortError, givesBack } from '../../core/deadline.js'
import type { Call, Steps } from '../../core/steps.js'
import type { Directory } from './directory.js'
import { perform } from './door.js'
import { changes, faultsOf, injected, shortened } from './faults.js'
import { asRead, type Footprint, footprint, merge, nothing } from './footprint.js'
import { BadWorld, Player, refusePromise, waking } from './player.js'
import { describeAnswer, type Event } from './trace.js'
import type { Choice, Made, Outcome, World } from './world.js'

/** No other process can tell when one of these is made. */
const unseen = opsThat('unseen')

export class Run {
  readonly players: Player[] = []
  readonly events: Event[] = []
  readonly root: string
  readonly ticking: boolean
  readonly honest: boolean
  steps = 0
  clock = 0
  #wanted = true
  /** What is left of each. */
  readonly #budget: { kills: number; failures: number; lies: number; aborts: number; ticks: number }

  constructor(
    readonly world: World,
    readonly ground: Directory,
    /** For the tests of the explorer itself: another relation. */
    readonly footprintOf: typeof footprint = footprint,
  ) {
    const { kills = 0, failures = 0, lies = 0, aborts = 0, ticks = 0 } = world
    this.#budget = { kills, failures, lies, aborts, ticks }
    this.ticking = ticks > 0
    this.honest = lies === 0
    this.root = ground.root
    refusePromise('setup', world.setup?.(this.root))
    ground.survey()
    this.#enter(world.players(this.root), false)
    this.#enter(world.adversaries?.(this.root) ?? {}, true)
  }

  #enter(players: Record<string, Steps<unknown>>, adversary: boolean): void {
    for (const [name, steps] of Object.entries(players))
      this.players.push(new Player(this.players.length, name, adversary, steps, this))
  }

  /** Everything that may happen next. The player that went last comes first, so that the first schedules are serial. */
  choices(last: number): Choice[] {
    const all: Choice[] = []
    for (const player of this.players) if (player.number === last) this.#choicesOf(player, all)
    for (const player of this.players) if (player.number !== last) this.#choicesOf(player, all)
    if (!this.over() && !this.players.some(({ awake }) => awake)) all.unshift({ player: -1, slot: 0, kind: 'pass' })
    if (all.length > 0 && this.#budget.ticks > 0) all.push({ player: -1, slot: 0, kind: 'tick' })
    return all
  }

  #choicesOf({ number, adversary, pending, awake, outcome, injected: harmed }: Player, all: Choice[]): void {
    if (outcome) return
    if (awake) {
      pending.forEach((call, slot) => {
        if (!call) return
        all.push({ player: number, slot, kind: 'call' })
        if (adversary) return
        for (const fault of faultsOf(call, this.world, this.#budget)) all.push({ player: number, slot, ...fault })
      })
    }
    if (adversary) return
    const first = pending.find(call => call !== undefined)
    const untouched = pending.every(call => call !== undefined)
    if (this.#budget.aborts > 0 && !harmed && untouched && first && !givesBack(first))
      all.push({ player: number, slot: 0, kind: 'abort' })
    if (this.#budget.kills > 0) all.push({ player: number, slot: 0, kind: 'kill' })
  }

  /**
   * If a call is next that nobody else could notice in any way, it may as well be now, and nothing else need be tried
   * instead, but for what may happen to this player instead of it (Godefroid's persistent sets, the smallest there are).
   */
  ofAnInvisible(choices: readonly Choice[]): readonly Choice[] {
    const one = choices.find(({ kind, player, slot }) => {
      const op = kind === 'call' ? this.players[player]?.pending[slot]?.op : undefined
      return op !== undefined && unseen.has(op)
    })
    if (!one) return choices
    return choices.filter(({ player, slot, kind }) => player === one.player && (slot === one.slot || kind === 'abort'))
  }

  /** Could this player make a call now? */
  canGoOn(number: number): boolean {
    return this.players[number]?.awake ?? false
  }

  /** Has everybody come to an end? */
  over(): boolean {
    return this.players.every(player => player.outcome)
  }

  /** Lets it happen; answers what it touched, if that is wanted. */
  take(choice: Choice, wanted: boolean): Footprint {
    this.steps++
    this.#wanted = wanted
    if (choice.kind === 'pass') return this.#passTime()
    if (choice.kind === 'tick') return this.#tick(this.world.tick ?? 60_000)
    const player = this.players[choice.player] as Player
    if (choice.kind === 'kill') return this.#kill(player)
    if (choice.kind === 'abort') return this.#abort(player)
    return this.#call(player, choice)
  }

  #tick(ms: number): Footprint {
    this.#budget.ticks--
    this.clock += ms
    this.events.push({ player: -1, text: `the clock jumps ${ms} ms`, mark: true })
    this.#nudgeOthers()
    return { ...nothing, w: ['budget:ticks'], adds: ['clock', 'world'] }
  }

  #kill(player: Player): Footprint {
    // Whoever sleeps may come to its end when it is woken, and then it is too late.
    const sleeping = player.due === undefined ? nothing : waking
    this.#budget.kills--
    player.kill()
    this.#nudgeOthers(player)
    return merge(sleeping, { ...nothing, w: ['budget:kills', `alive:${player.number}`], adds: ['world'] })
  }

  #abort(player: Player): Footprint {
    this.#budget.aborts--
    player.injected = true
    this.events.push({ player: player.number, text: 'ABORTED', mark: true })
    return merge({ ...nothing, w: ['budget:aborts'] }, player.interrupt(abortError('explored')))
  }

  #call(player: Player, { slot, kind, code }: Choice): Footprint {
    const call = player.pending[slot] as Call
    const all = this.#wanted ? this.footprintOf(call, this.ground) : nothing
    player.calls++
    let value: unknown
    let error: unknown
    if (kind === 'fail') this.#budget.failures--
    if (kind === 'lie') this.#budget.lies--
    try {
      if (kind === 'fail' && code !== 'short') throw injected(call, code ?? 'EIO')
      value = this.#perform(player, code === 'short' ? shortened(call) : call)
    } catch (thrown) {
      if (thrown instanceof BadWorld) throw thrown
      error = thrown
    }
    const changed = error === undefined && changes(call)
    if (kind === 'lie' && error === undefined) {
      if (call.op === 'open') this.#close(player, value as number)
      error = injected(call, code === 'short' ? 'EIO' : (code ?? 'EIO'))
    }
    const said = describeAnswer(call, value, error)
    const truly = kind === 'call'
    this.events.push({ player: player.number, call, said, value, truly, failed: error !== undefined })
    let touched = changed ? merge(all, { ...nothing, adds: ['world'] }) : asRead(all)
    if (changed) {
      this.ground.touched()
      this.#nudgeOthers(player)
    }
    if (!truly) {
      player.injected = true
      touched = merge(touched, { ...nothing, w: [`budget:${kind}`] })
    }
    return merge(touched, player.told(slot, call, said, error === undefined ? { value } : { error }))
  }

  #perform(player: Player, call: Call): unknown {
    if (call.op === 'now') return this.clock
    if (call.op === 'local') return this.honest
    if (call.op !== 'alive') return perform(player, call, this.ground)
    const owner = this.players[Number((call.args[0] as string).split('-')[1])]
    if (this.world.strangers && owner !== player) return undefined
    // Who is none of the players has died before.
    return owner !== undefined && owner.outcome?.how !== 'killed'
  }

  #nudgeOthers(but?: Player): void {
    for (const player of this.players) if (player !== but) player.nudge()
  }

  /** When everybody who is left sleeps, time passes. Whoever is due by then wakes, and they race. */
  #passTime(): Footprint {
    const sleepers = this.players.filter(player => !player.outcome)
    const before = this.clock
    this.clock = Math.max(before, Math.min(...sleepers.map(player => player.due as number)))
    this.events.push({ player: -1, text: `all sleep, and ${this.clock - before} ms pass`, mark: true })
    for (const player of sleepers) if ((player.due as number) <= this.clock) player.wake()
    return { ...waking, adds: ['clock', 'world'] }
  }

  #close(player: Player, fd: number): void {
    player.fds.delete(fd)
    closeSync(fd)
  }

  /** Everything that the future depends on. */
  state(): string {
    const players = this.players.map(player => player.state(fd => this.ground.behind(fd)))
    return [this.ground.tree(), Object.values(this.#budget).join(), this.clock, ...players].join('\n')
  }

  outcomes(): Record<string, Outcome> {
    return Object.fromEntries(this.players.map(player => [player.name, player.outcome as Outcome]))
  }

  log(): Made[] {
    return this.events.flatMap(event => {
      if (event.mark) return []
      const { call, value, failed } = event
      const args = call.args.map(arg => (typeof arg === 'string' ? arg.replace(this.root, '') : arg))
      return { player: this.players[event.player]?.name as string, op: call.op, args, value, failed }
    })
  }

  /** Closes what the players left open: in truth their end would. */
  end(): void {
    for (const player of this.players) for (const fd of player.fds) closeSync(fd)
  }
}
