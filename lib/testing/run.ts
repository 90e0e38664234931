// One schedule of a world, from its start to its end: who can do what next, and what becomes of it.

import { closeSync, existsSync, fstatSync, lstatSync } from 'node:fs'
import { constants } from 'node:os'
import { isAbsolute, resolve, sep } from 'node:path'
import { inspect } from 'node:util'
import { performSync } from '../core/disk.js'
import type { Call, Op, Steps } from '../core/steps.js'
import { abortError, givesBack } from '../core/watch.js'
import { asRead, type Footprint, footprint, merge, nothing } from './footprint.js'
import type { Directory } from './ground.js'
import { inParts } from './parts.js'
import { describeAnswer, type Event } from './trace.js'
import type { Choice, Outcome, World } from './world.js'

interface Player {
  readonly number: number
  readonly name: string
  readonly steps: Steps<unknown>
  readonly adversary: boolean
  /** The calls it is making: mostly one. Those that are done are undefined. */
  pending: (Call | undefined)[]
  together: { value?: unknown; error?: unknown }[] | undefined
  /** What it will be told of those, in their order. */
  said: string[]
  outcome: Outcome | undefined
  /** When it would wake by itself, if it sleeps. */
  due: number | undefined
  /** Has anybody changed the world since it woke last? Then a sleep is over at once. */
  moved: boolean
  /** What it was told, which is all that its state depends on. */
  history: string
  calls: number
  randoms: number
  injected: boolean
  /** Its outcome in words, with all that `check` could tell apart. */
  ended: string
  readonly fds: Set<number>
}

/** The calls that change something when they succeed. */
const changing: ReadonlySet<Op> = new Set<Op>([
  ...(['mkdir', 'rmdir', 'rename', 'link', 'symlink', 'unlink', 'write', 'chmod', 'chown', 'utimes'] as const),
])
/** Not one call each, or answered by nobody but the player itself: they are not made together with others. */
const alone: ReadonlySet<Op> = new Set<Op>([
  ...(['readFile', 'copyFile', 'sleep', 'changed', 'together', 'settle', 'random', 'self'] as const),
])
const unfailing: ReadonlySet<Op> = new Set<Op>(['close', 'now', 'alive'])

/** What a call that was done may say: that it had been done already, or that nobody knows. */
const liesOf: Partial<Record<Op, readonly ('EEXIST' | 'ENOENT' | 'EIO')[]>> = {
  mkdir: ['EEXIST', 'EIO'],
  link: ['EEXIST', 'EIO'],
  symlink: ['EEXIST', 'EIO'],
  rename: ['ENOENT', 'EIO'],
  unlink: ['ENOENT', 'EIO'],
  rmdir: ['ENOENT', 'EIO'],
}

export class Run {
  readonly players: Player[] = []
  readonly events: Event[] = []
  steps = 0
  clock = 0
  #wanted = true
  #kills: number
  #failures: number
  #lies: number
  #aborts: number
  #ticks: number

  constructor(
    readonly world: World,
    readonly ground: Directory,
    /** For the tests of the explorer itself: another relation. */
    readonly footprintOf: typeof footprint = footprint,
  ) {
    this.#kills = world.kills ?? 0
    this.#failures = world.failures ?? 0
    this.#lies = world.lies ?? 0
    this.#aborts = world.aborts ?? 0
    this.#ticks = world.ticks ?? 0
    refusePromise('setup', world.setup?.(ground.root))
    ground.survey()
    for (const [name, steps] of Object.entries(world.players(ground.root))) this.#enter(name, steps, false)
    for (const [name, steps] of Object.entries(world.adversaries?.(ground.root) ?? {})) this.#enter(name, steps, true)
  }

  #enter(name: string, steps: Steps<unknown>, adversary: boolean): void {
    if (typeof steps?.next !== 'function') {
      throw new BadWorld(
        `Player ${name} is no generator, so it does not wait for us: give \`f.steps(...)\`, not \`f(...)\``,
      )
    }
    const fresh = { pending: [], together: undefined, outcome: undefined, due: undefined, moved: false, history: '' }
    const number = this.players.length
    const counts = { said: [], calls: 0, randoms: 0, injected: false, ended: '', fds: new Set<number>() }
    const player: Player = { number, name, steps: inParts(steps), adversary, ...fresh, ...counts }
    this.players.push(player)
    this.#answer(player, {})
  }

  /** Everything that may happen next. The player that went last comes first, so that the first schedules are serial. */
  choices(last: number): Choice[] {
    const all: Choice[] = []
    for (const player of this.players) if (player.number === last) this.#choicesOf(player, all)
    for (const player of this.players) if (player.number !== last) this.#choicesOf(player, all)
    if (!this.over() && !this.players.some(({ number }) => this.canGoOn(number)))
      all.unshift({ player: -1, slot: 0, kind: 'pass' })
    if (all.length > 0 && this.#ticks > 0) all.push({ player: -1, slot: 0, kind: 'tick' })
    return all
  }

  #choicesOf(player: Player, all: Choice[]): void {
    if (player.outcome) return
    const { number, adversary } = player
    if (player.due === undefined) {
      player.pending.forEach((call, slot) => {
        if (!call) return
        all.push({ player: number, slot, kind: 'call' })
        if (!adversary) this.#faultsOf(call, number, slot, all)
      })
    }
    if (adversary) return
    const first = player.pending.find(call => call !== undefined)
    const untouched = player.pending.every(call => call !== undefined)
    if (this.#aborts > 0 && !player.injected && untouched && first && !givesBack(first))
      all.push({ player: number, slot: 0, kind: 'abort' })
    if (this.#kills > 0) all.push({ player: number, slot: 0, kind: 'kill' })
  }

  #faultsOf(call: Call, player: number, slot: number, all: Choice[]): void {
    if (this.#failures > 0 && !unfailing.has(call.op) && (this.world.failIn?.includes(call.op) ?? true)) {
      for (const code of this.world.failWith ?? ['EIO']) all.push({ player, slot, kind: 'fail', code })
      if (call.op === 'write' && (call.args[1] as Uint8Array).length > 1)
        all.push({ player, slot, kind: 'fail', code: 'short' })
    }
    if (this.#lies > 0) for (const code of lies(call)) all.push({ player, slot, kind: 'lie', code })
  }

  /** Could this player make a call now? */
  canGoOn(number: number): boolean {
    const player = this.players[number]
    return player !== undefined && !player.outcome && player.due === undefined
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
    if (choice.kind === 'tick') {
      this.#ticks--
      this.clock += this.world.tick ?? 60_000
      this.events.push({ player: -1, text: `the clock jumps ${this.world.tick ?? 60_000} ms`, mark: true })
      this.#wakeOthers(-1)
      return { ...nothing, w: ['budget:ticks'], adds: ['clock', 'world'] }
    }
    const player = this.players[choice.player] as Player
    if (choice.kind === 'kill') return this.#kill(player)
    if (choice.kind === 'abort') return this.#abort(player)
    return this.#call(player, choice)
  }

  #kill(player: Player): Footprint {
    // Whoever sleeps may come to its end when it is woken, and then it is too late.
    const sleeping = player.due === undefined ? nothing : waking
    this.#kills--
    player.outcome = { how: 'killed' }
    player.ended = 'killed'
    this.events.push({ player: player.number, text: 'KILLED', mark: true })
    this.#wakeOthers(player.number)
    return merge(sleeping, { ...nothing, w: ['budget:kills', `alive:${player.number}`], adds: ['world'] })
  }

  #abort(player: Player): Footprint {
    this.#aborts--
    player.injected = true
    this.events.push({ player: player.number, text: 'ABORTED', mark: true })
    const touched = { ...(player.due === undefined ? nothing : waking), w: ['budget:aborts'] }
    player.due = undefined
    player.history += '^;'
    return merge(touched, this.#answer(player, { error: abortError('explored') }))
  }

  #call(player: Player, { slot, kind, code }: Choice): Footprint {
    const call = player.pending[slot] as Call
    let touched = this.#wanted ? this.footprintOf(call, this.ground) : nothing
    player.calls++
    let value: unknown
    let error: unknown
    if (kind === 'fail') this.#failures--
    if (kind === 'lie') this.#lies--
    try {
      if (kind === 'fail' && code !== 'short') throw injected(call, code as 'EIO')
      value = this.#perform(player, code === 'short' ? shortened(call) : call)
    } catch (thrown) {
      if (thrown instanceof BadWorld) throw thrown
      error = thrown
    }
    const changed = error === undefined && changes(call)
    if (changed) this.ground.touched()
    if (kind === 'lie' && error === undefined) {
      if (call.op === 'open') this.#close(player, value as number)
      error = injected(call, code as 'EIO')
    }
    if (!changed) touched = asRead(touched)
    if (changed) {
      touched = merge(touched, { ...nothing, adds: ['world'] })
      this.#wakeOthers(player.number)
    }
    if (kind !== 'call') {
      player.injected = true
      touched = merge(touched, { ...nothing, w: [`budget:${kind}`] })
    }
    const said = describeAnswer(call, value, error)
    const truly = kind === 'call' && code !== 'short'
    this.events.push({ player: player.number, call, said, truly, failed: error !== undefined })
    if (player.together) player.said[slot] = `${call.op}>${said};`
    else player.history += `${call.op}>${said};`
    return merge(touched, this.#settle(player, slot, error === undefined ? { value } : { error }))
  }

  /** One of the calls that the player makes is done: when all are, the player goes on. */
  #settle(player: Player, slot: number, outcome: { value?: unknown; error?: unknown }): Footprint {
    player.pending[slot] = undefined
    if (!player.together) return this.#answer(player, outcome)
    player.together[slot] = outcome
    if (player.pending.some(call => call !== undefined)) return nothing
    const outcomes = player.together
    player.together = undefined
    // In which order they ended, the player is not told.
    player.history += player.said.join('')
    player.said = []
    return this.#answer(player, { value: outcomes })
  }

  /** Lets the player go on to its next call that others could notice. Sleeping is no step: it sleeps, or has slept. */
  #answer(player: Player, outcome: { value?: unknown; error?: unknown }): Footprint {
    let slept: Footprint = nothing
    let answer = outcome
    try {
      for (let spins = 0; ; spins++) {
        if (spins > 10_000) throw new BadWorld(`Player ${player.name} spins: it waits, and does not sleep`)
        const failed = 'error' in answer && answer.error !== undefined
        const next = failed ? player.steps.throw(answer.error) : player.steps.next(answer.value)
        if (next.done) {
          this.#end(player, { how: 'returned', value: next.value })
          return slept
        }
        const call = next.value
        if (typeof call?.op !== 'string') throw waitsOutside(player, call)
        if (call.op === 'sleep' || call.op === 'changed') {
          player.pending = [call]
          player.due = this.clock + (call.args.at(-1) as number)
          // Whether it wakes at once depends on what others did, so it does not commute with that.
          slept = waking
          if (!player.moved) return slept
          player.moved = false
          player.due = undefined
          answer = {}
          continue
        }
        if (call.op === 'together') {
          player.pending = [...(call.args[0] as Call[])]
          const odd = player.pending.find(one => alone.has(one?.op as Op))
          if (odd)
            throw new BadWorld(`Player ${player.name} makes ${odd.op} together with others, and it is not one call`)
          player.together = []
          if (player.pending.length > 0) return slept
          player.together = undefined
          answer = { value: [] }
          continue
        }
        const own = this.#privately(player, call)
        if (!own) {
          player.pending = [call]
          return slept
        }
        answer = own
      }
    } catch (error) {
      if (error instanceof BadWorld) throw error
      this.#end(player, { how: 'threw', error, injected: player.injected })
      return slept
    }
  }

  /** Calls that nobody else can notice are answered on the spot. */
  #privately(player: Player, { op, args }: Call): { value: unknown } | undefined {
    switch (op) {
      case 'random': {
        const bytes = Buffer.alloc(args[0] as number, player.number + 1)
        bytes[0] = player.randoms++
        return { value: bytes }
      }
      case 'self':
        return { value: `explored-${player.number}-0` }
      case 'now':
        if (this.world.ticks) return undefined
        player.history += `now>${this.clock};`
        return { value: this.clock }
      case 'settle':
        if (isThenable(args[0])) throw waitsOutside(player, args[0])
        player.history += `settle>${describeAnswer(undefined, args[0], undefined)};`
        return { value: args[0] }
      default:
        return undefined
    }
  }

  #end(player: Player, outcome: Outcome): void {
    player.outcome = outcome
    player.pending = []
    const said =
      outcome.how === 'threw'
        ? `THROWS ${describeAnswer(undefined, undefined, outcome.error)}`
        : `returns ${describeAnswer(undefined, (outcome as { value: unknown }).value, undefined)}`
    const text = said.replaceAll(this.ground.root, '')
    player.ended = `${text}|${player.injected}|${fully(outcome)}`
    this.events.push({ player: player.number, text, mark: true })
  }

  #wakeOthers(but: number): void {
    for (const player of this.players) {
      if (player.number === but || player.outcome) continue
      if (player.due === undefined) player.moved = true
      else this.#wake(player)
    }
  }

  #wake(player: Player): void {
    player.due = undefined
    player.moved = false
    this.#answer(player, {})
  }

  /** When everybody who is left sleeps, time passes. Whoever is due by then wakes, and they race. */
  #passTime(): Footprint {
    const sleepers = this.players.filter(player => !player.outcome)
    const before = this.clock
    this.clock = Math.max(before, Math.min(...sleepers.map(player => player.due as number)))
    this.events.push({ player: -1, text: `all sleep, and ${this.clock - before} ms pass`, mark: true })
    for (const player of sleepers) if ((player.due as number) <= this.clock) this.#wake(player)
    return { ...waking, adds: ['clock', 'world'] }
  }

  #perform(player: Player, call: Call): unknown {
    const { op, args } = call
    if (op === 'now') return this.clock
    if (op === 'alive') return !(this.players[Number((args[0] as string).split('-')[1])]?.outcome?.how === 'killed')
    if (op !== 'symlink') this.#keepInside(player, call, args[0])
    if (op === 'symlink' || op === 'link' || op === 'rename') this.#keepInside(player, call, args[1])
    // What it says is known before it is done: `w` makes an inode only if there is none.
    const fresh = op === 'open' && changes(call) && !existsSync(args[0] as string)
    let value = quickly(() => performSync(call))
    if (op === 'mkdir')
      this.ground.born(lstatSync(args[0] as string, { bigint: true }).ino, player.number, player.calls)
    if (op === 'symlink') {
      this.ground.linked = true
      this.ground.born(lstatSync(args[1] as string, { bigint: true }).ino, player.number, player.calls)
    }
    if (op === 'open') {
      player.fds.add(value as number)
      if (fresh) this.ground.born(fstatSync(value as number, { bigint: true }).ino, player.number, player.calls)
    }
    if (op === 'close') player.fds.delete(args[0] as number)
    if (op === 'readdir') value = (value as string[]).sort()
    if (value && (op === 'stat' || op === 'lstat' || op === 'fstat')) value = this.ground.masked(value as never)
    return value
  }

  /** What stands above the world may be looked at, or made once more; what stands beside it is none of its business. */
  #keepInside(player: Player, call: Call, path: unknown): void {
    if (typeof path !== 'string') return
    const { root } = this.ground
    const at = isAbsolute(path) && !/[\\/](\.|$)/.test(path) ? path : resolve(path)
    if (at !== root && isWithin(at, root)) return
    if (isWithin(root, at) && (call.op === 'mkdir' || !changes(call))) return
    throw new BadWorld(`Player ${player.name} leaves its world: ${call.op} ${path}`)
  }

  #close(player: Player, fd: number): void {
    player.fds.delete(fd)
    closeSync(fd)
  }

  /** Everything that the future depends on. */
  state(): string {
    const players = this.players.map(player => {
      // How a player came to its end makes no difference any more, only what the end was.
      if (player.outcome) return player.ended
      const open = [...player.fds].map(fd => this.ground.behind(fd)).join()
      const calls = player.pending.map(call => (call ? 1 : 0)).join('')
      return `${player.history}|${player.said.join()}|${player.due ?? ''}|${player.moved}|${player.injected}|${open}|${calls}`
    })
    const budgets = [this.#kills, this.#failures, this.#lies, this.#aborts, this.#ticks, this.clock]
    return [this.ground.tree(), budgets.join(), ...players].join('\n')
  }

  outcomes(): Record<string, Outcome> {
    return Object.fromEntries(this.players.map(player => [player.name, player.outcome as Outcome]))
  }

  /** Closes what the players left open: in truth their end would. */
  end(): void {
    for (const player of this.players) for (const fd of player.fds) closeSync(fd)
  }
}

/** Whoever sleeps minds what others do, and the clock. */
const waking: Footprint = { ...nothing, sees: ['world', 'clock'] }

/** Half the time of a call that fails goes into its error's stack, which nobody reads here. */
function quickly<T>(work: () => T): T {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return work()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** The world itself is wrong, so nothing can be said about its endings. */
export class BadWorld extends Error {}

/** Nobody would wait for it, and what it finds would be lost. */
export function refusePromise(what: string, answer: unknown): void {
  if (isThenable(answer)) throw new BadWorld(`\`${what}\` answers a promise, and nobody waits for it: make it sync`)
}

const isThenable = (value: unknown): boolean => typeof (value as PromiseLike<unknown> | null)?.then === 'function'

/** It waits for something that the explorer cannot order: a promise, a timer, an event. */
const waitsOutside = ({ name }: Player, what: unknown): BadWorld =>
  new BadWorld(`Player ${name} waits outside the door: for ${String(what)}, which is no call`)

const isWithin = (path: string, dir: string): boolean =>
  path === dir || path.startsWith(dir.endsWith(sep) ? dir : dir + sep)

function changes({ op, args }: Call): boolean {
  return changing.has(op) || (op === 'open' && /^w/.test(args[1] as string))
}

function lies({ op, args }: Call): readonly ('EEXIST' | 'ENOENT' | 'EIO')[] {
  if (op === 'open') return /x/.test(args[1] as string) ? ['EEXIST', 'EIO'] : []
  return liesOf[op] ?? []
}

/** Two outcomes that `check` could tell apart must not be taken for one; a stack tells nothing. */
function fully(outcome: Outcome): string {
  const end = outcome.how === 'threw' ? outcome.error : outcome.how === 'returned' ? outcome.value : undefined
  if (typeof end !== 'object' || end === null) return ''
  const shown = end instanceof Error ? [String(end), { ...end }, end.cause] : end
  return inspect(shown, { depth: null, maxArrayLength: null, maxStringLength: null })
}

/** A write of only half the bytes. */
const shortened = ({ op, args }: Call): Call => {
  const data = args[1] as Uint8Array
  return { op, args: [args[0], data.subarray(0, data.length >> 1)] }
}

function injected({ op, args }: Call, code: 'EIO'): Error {
  const paths = args.filter(arg => typeof arg === 'string').join(' -> ')
  return Object.assign(new Error(`${code}: injected, ${op} ${paths}`), {
    code,
    errno: -constants.errno[code],
    syscall: op,
  })
}
