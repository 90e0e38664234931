// One schedule of a world, from its start to its end: what may happen next, and what comes of it.

import { closeSync } from 'node:fs'
import { abortError } from '../../core/interruption.js'
import type { Call, Steps } from '../../core/steps.js'
import { drawingTheSame } from '../../core/wait.js'
import { refusePromise } from './bad-world.js'
import { type Budget, budgetOf, choicesOf, withoutLater } from './choices.js'
import type { Directory } from './directory.js'
import { attempt, changeOf, changes } from './faults.js'
import { FileTimes } from './file-times.js'
import { asChange, asRead, type Footprint, footprint, merge, nothing } from './footprint.js'
import { performInWorld } from './in-world.js'
import { type Memory, outcomeOf } from './memory.js'
import { Player, waking } from './player.js'
import type { Event } from './trace.js'
import type { Choice, World } from './world.js'

export class Schedule {
  readonly players: Player[] = []
  readonly events: Event[] = []
  readonly root: string
  readonly ticking: boolean
  readonly honest: boolean
  readonly splitListings: boolean
  readonly timed: boolean
  readonly taken: Choice[] = []
  clock = 0
  /** The player that went last. */
  last = -2
  /** How often a player was interrupted that could go on. */
  preemptions = 0
  readonly #budget: Budget

  constructor(
    readonly world: World,
    readonly ground: Directory,
    readonly footprintOf: typeof footprint = footprint,
  ) {
    this.#budget = budgetOf(world)
    this.ticking = this.#budget.tick > 0
    this.honest = this.#budget.lie === 0
    this.root = ground.root
    ground.omits = this.#budget.omit > 0
    this.splitListings = ground.omits || (world.splitListings ?? false)
    this.timed = world.fileClock !== undefined
    if (world.fileClock) ground.times = new FileTimes(world.fileClock, () => this.clock)
    drawingTheSame(() => refusePromise('setup', world.setup?.(this.root)))
    ground.survey()
    this.#enter(world.players(this.root), false)
    this.#enter(world.adversaries?.(this.root) ?? {}, true)
  }

  #enter(players: Record<string, Steps<unknown>>, adversary: boolean): void {
    for (const [name, steps] of Object.entries(players))
      this.players.push(new Player(this.players.length, name, adversary, steps, this))
  }

  /** Everything that may happen next. */
  choices(): readonly Choice[] {
    return choicesOf(this.players, this.last, this.world, this.#budget)
  }

  /** Some of them, which are enough to come to every ending. */
  choicesThatMatter(): readonly Choice[] {
    return withoutLater(this.choices(), this.players)
  }

  /** Could this player make a call now? */
  canGoOn(number: number): boolean {
    return this.players[number]?.awake ?? false
  }

  /** Has every player come to its end? */
  over(): boolean {
    return this.players.every(player => player.outcome)
  }

  /** Lets something happen. Returns what that touched; for a call only if `wanted`, because that costs time. */
  take(choice: Choice, wanted: boolean, memory?: Memory): Footprint {
    this.taken.push(choice)
    if (choice.player !== this.last && this.canGoOn(this.last)) this.preemptions++
    if (choice.player >= 0) this.last = choice.player
    const { kind } = choice
    if (kind === 'call' || kind === 'pass') return this.#happen(choice, wanted, memory)
    this.#budget[kind]--
    return merge(this.#happen(choice, wanted, memory), { ...nothing, w: [`budget:${kind}`] })
  }

  #happen(choice: Choice, wanted: boolean, memory: Memory | undefined): Footprint {
    if (choice.kind === 'pass') return this.#passTime()
    if (choice.kind === 'tick') return this.#tick(this.world.tick ?? 60_000)
    const player = this.players[choice.player] as Player
    if (choice.kind === 'kill') return this.#kill(player)
    if (choice.kind === 'abort') return this.#abort(player)
    return this.#call(player, choice, wanted, memory)
  }

  /** When all players that are left sleep, time passes until the first is due. All that are due then wake, and race. */
  #passTime(): Footprint {
    const sleepers = this.players.filter(player => !player.outcome)
    const before = this.clock
    this.clock = Math.max(before, Math.min(...sleepers.map(player => player.due as number)))
    this.events.push({ player: -1, text: `all sleep, and ${this.clock - before} ms pass`, mark: true })
    for (const player of sleepers) if ((player.due as number) <= this.clock) player.wake()
    return { ...waking, adds: ['clock', 'world'] }
  }

  #tick(ms: number): Footprint {
    this.clock += ms
    this.ground.times?.tick(ms)
    this.events.push({ player: -1, text: `the clock jumps ${ms} ms`, mark: true })
    this.#nudgeOthers()
    return { ...nothing, adds: ['clock', 'world'] }
  }

  #kill(player: Player): Footprint {
    // What wakes a sleeper may bring it to its end, and then it can no longer be killed.
    const sleeping = player.due === undefined ? nothing : waking
    player.kill()
    this.#nudgeOthers(player)
    return merge(sleeping, { ...nothing, w: [`alive:${player.number}`], adds: ['world'] })
  }

  #abort(player: Player): Footprint {
    player.injected = true
    this.events.push({ player: player.number, text: 'ABORTED', mark: true })
    return player.interrupt(abortError('explored'))
  }

  #call(player: Player, choice: Choice, wanted: boolean, memory: Memory | undefined): Footprint {
    const call = player.pending[choice.slot] as Call
    // Before the call, because afterwards its names may lead elsewhere.
    const reach = wanted ? this.footprintOf(changeOf(call, choice), this.ground) : nothing
    player.calls++
    const { done, value, error, result } = outcomeOf(call, memory, () =>
      attempt(call, choice, one => performInWorld(player, one, this)),
    )
    const changed = done && changes(changeOf(call, choice))
    if (changed) {
      this.ground.touched()
      if (this.ground.omits) for (const { underWay } of this.players) for (const one of underWay.listings) one.update()
      this.#nudgeOthers(player)
    }
    const truly = choice.kind === 'call'
    // An omission is no fault: no error of the player is excused by it.
    if (!truly && choice.kind !== 'omit') player.injected = true
    const failed = error !== undefined
    this.events.push({ player: player.number, call, result, value, truly, failed })
    const slept = player.done(choice.slot, failed ? { error } : { value }, result)
    if (!wanted) return nothing
    return merge(changed ? asChange(reach, this.timed) : asRead(reach), slept)
  }

  clockPlace(player: number): string {
    return `clock${this.world.strangers === true ? player : ''}`
  }

  #nudgeOthers(but?: Player): void {
    for (const player of this.players) if (player !== but) player.nudge()
  }

  /** Everything that the future depends on. */
  state(): string {
    const players = this.players.map(player => player.state(fd => this.ground.behind(fd)))
    return [
      this.ground.tree(),
      Object.values(this.#budget).join(),
      this.clock,
      this.ground.times?.aheadMs,
      ...players,
    ].join('\n')
  }

  /** Closes what the players left open, as the end of a process does. */
  close(): void {
    for (const player of this.players) for (const fd of player.fds) closeSync(fd)
  }
}
