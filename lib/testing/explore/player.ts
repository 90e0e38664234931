// One process of a world, as far as the explorer sees it: what it is about to call, what it was told, whether it sleeps.

import { inspect } from 'node:util'
import { opsThat } from '../../core/alphabet.js'
import type { Call, Steps } from '../../core/steps.js'
import { BadWorld, isThenable } from './bad-world.js'
import { type Footprint, nothing } from './footprint.js'
import { inParts } from './split-calls.js'
import { describeAnswer, type Event } from './trace.js'
import type { Outcome } from './world.js'

/** What came of a call. */
export interface Answer {
  readonly value?: unknown
  readonly error?: unknown
}

/** What a player has in common with the others. */
export interface Surroundings {
  readonly root: string
  readonly clock: number
  /** The clock may jump, so that reading it is a step like any other. */
  readonly ticking: boolean
  /** Every reply comes, and is true. */
  readonly honest: boolean
  readonly events: Event[]
}

/** Whoever sleeps minds what others do, and the clock. */
export const waking: Footprint = { ...nothing, sees: ['world', 'clock'] }

/** These are answered at once, or end a turn: the explorer has no order to try among them and others. */
const apart = opsThat('waits', 'own')

export class Player {
  readonly fds = new Set<number>()
  /** The calls it is making: mostly one. Those that are done are undefined. */
  pending: (Call | undefined)[] = []
  outcome: Outcome | undefined
  /** When it would wake by itself, if it sleeps. */
  due: number | undefined
  calls = 0
  /** A fault was put in its way. */
  injected = false
  readonly #steps: Steps<unknown>
  readonly #around: Surroundings
  /** What came of the calls that it makes together, and what it will be told of them, in their order. */
  #together: Answer[] | undefined
  #said: string[] = []
  /** Has anybody changed the world since it woke last? Then a sleep is over at once. */
  #moved = false
  /** What it was told, which is all that its state depends on. */
  #history = ''
  #randoms = 0
  /** A function of what it was told, as all of its state. */
  readonly #memory = new Map<string, unknown>()
  /** Its outcome in words, with all that `check` could tell apart. */
  #ended = ''

  constructor(
    readonly number: number,
    readonly name: string,
    readonly adversary: boolean,
    steps: Steps<unknown>,
    around: Surroundings,
  ) {
    if (typeof steps?.next !== 'function') {
      const advice = 'give `f.steps(...)`, not `f(...)`'
      throw new BadWorld(`Player ${name} is no generator, so it does not wait for us: ${advice}`)
    }
    this.#steps = inParts(steps)
    this.#around = around
    this.#go({})
  }

  get awake(): boolean {
    return !this.outcome && this.due === undefined
  }

  /** One of its calls is done. When all are that it makes together, it goes on; answers what it touched by sleeping. */
  told(slot: number, call: Call, said: string, answer: Answer): Footprint {
    this.pending[slot] = undefined
    if (!this.#together) {
      this.#history += `${call.op}>${said};`
      return this.#go(answer)
    }
    this.#said[slot] = `${call.op}>${said};`
    this.#together[slot] = answer
    if (this.pending.some(one => one !== undefined)) return nothing
    const outcomes = this.#together
    this.#together = undefined
    // In which order they ended, the player is not told.
    this.#history += this.#said.join('')
    this.#said = []
    return this.#go({ value: outcomes })
  }

  /** An error instead of the call that it would make next, or of its sleep. */
  interrupt(error: Error): Footprint {
    const slept = this.due === undefined ? nothing : waking
    this.due = undefined
    this.#history += '^;'
    return { ...slept, sees: [...slept.sees, ...this.#go({ error }).sees] }
  }

  kill(): void {
    this.outcome = { how: 'killed' }
    this.#ended = 'killed'
    this.#around.events.push({ player: this.number, text: 'KILLED', mark: true })
  }

  /** Somebody has changed the world: whoever sleeps looks again. */
  nudge(): void {
    if (this.outcome) return
    if (this.due === undefined) this.#moved = true
    else this.wake()
  }

  wake(): void {
    this.due = undefined
    this.#moved = false
    this.#go({})
  }

  /** Lets it go on to its next call that others could notice. Sleeping is no step: it sleeps, or has slept. */
  #go(outcome: Answer): Footprint {
    let slept: Footprint = nothing
    let answer: Answer | undefined = outcome
    try {
      for (let spins = 0; answer; spins++) {
        if (spins > 10_000) throw new BadWorld(`Player ${this.name} spins: it waits, and does not sleep`)
        const failed = 'error' in answer && answer.error !== undefined
        const next = failed ? this.#steps.throw(answer.error) : this.#steps.next(answer.value)
        if (next.done) {
          this.#end({ how: 'returned', value: next.value })
          break
        }
        if (typeof next.value?.op !== 'string') throw this.#waitsOutside(next.value)
        if (next.value.op === 'sleep' || next.value.op === 'changed') slept = waking
        answer = this.#prepare(next.value)
      }
    } catch (error) {
      if (error instanceof BadWorld) throw error
      this.#end({ how: 'threw', error, injected: this.injected })
    }
    return slept
  }

  /** Its next call is pending, unless nobody else can notice it: that is answered on the spot. */
  #prepare(call: Call): Answer | undefined {
    this.pending = [call]
    switch (call.op) {
      case 'sleep':
      case 'changed':
        // Whether it wakes at once depends on what others did, so it does not commute with that.
        // And it takes some time, as every timer does: who sleeps for ever moves the clock, and comes to no state twice.
        if (!this.#moved) this.due = this.#around.clock + Math.max(1, call.args.at(-1) as number)
        else this.#moved = false
        return this.due === undefined ? {} : undefined
      case 'together':
        return this.#prepareTogether(call.args[0] as Call[])
      case 'random': {
        const bytes = Buffer.alloc(call.args[0] as number, this.number + 1)
        bytes[0] = this.#randoms++
        return { value: bytes }
      }
      case 'self':
        return { value: `explored-${this.number}-0` }
      case 'now':
        if (this.#around.ticking) return undefined
        this.#history += `now>${this.#around.clock};`
        return { value: this.#around.clock }
      case 'recall':
        return { value: this.#memory.get(call.args[0] as string) }
      case 'remember':
        this.#memory.set(call.args[0] as string, call.args[1])
        return {}
      case 'engage':
        return { value: 1 }
      case 'blocking':
        return { value: false }
      case 'local':
        return { value: this.#around.honest }
      case 'settle':
        if (isThenable(call.args[0])) throw this.#waitsOutside(call.args[0])
        this.#history += `settle>${describeAnswer(undefined, call.args[0], undefined)};`
        return { value: call.args[0] }
      default:
        return undefined
    }
  }

  #prepareTogether(calls: readonly Call[]): Answer | undefined {
    const odd = calls.find(({ op }) => op === 'together' || apart.has(op))
    if (odd) throw new BadWorld(`Player ${this.name} makes ${odd.op} together with others, and it is not one call`)
    if (calls.length === 0) return { value: [] }
    this.pending = [...calls]
    this.#together = []
    return undefined
  }

  #end(outcome: Outcome): void {
    this.outcome = outcome
    this.pending = []
    const said =
      outcome.how === 'threw'
        ? `THROWS ${describeAnswer(undefined, undefined, outcome.error)}`
        : `returns ${describeAnswer(undefined, (outcome as { value: unknown }).value, undefined)}`
    const text = said.replaceAll(this.#around.root, '')
    this.#ended = `${text}|${this.injected}|${fully(outcome)}`
    this.#around.events.push({ player: this.number, text, mark: true })
  }

  /** It waits for something that the explorer cannot order: a promise, a timer, an event. */
  #waitsOutside(what: unknown): BadWorld {
    return new BadWorld(`Player ${this.name} waits outside the door: for ${String(what)}, which is no call`)
  }

  /** Everything that its future depends on. */
  state(behind: (fd: number) => string): string {
    // How it came to its end makes no difference any more, only what the end was.
    if (this.outcome) return this.#ended
    const open = [...this.fds].map(behind).join()
    const calls = this.pending.map(call => (call ? 1 : 0)).join('')
    return [this.#history, this.#said, this.due ?? '', this.#moved, this.injected, open, calls].join('|')
  }
}

/** Two outcomes that `check` could tell apart must not be taken for one; a stack tells nothing. */
function fully(outcome: Outcome): string {
  const end = outcome.how === 'threw' ? outcome.error : outcome.how === 'returned' ? outcome.value : undefined
  if (typeof end !== 'object' || end === null) return ''
  const shown = end instanceof Error ? [String(end), { ...end }, end.cause] : end
  return inspect(shown, { depth: null, maxArrayLength: null, maxStringLength: null })
}
