// One process of a world: what it is about to call, what has come of its calls so far, and whether it sleeps.

import type { Call, Outcome as CallOutcome, Steps } from '../../core/steps.js'
import { opsThat } from '../../core/traits.js'
import { BadWorld, waitsOutside } from './bad-world.js'
import { type Footprint, nothing } from './footprint.js'
import { OwnCalls, type Surroundings } from './own-calls.js'
import { describeEnd, describeResult, type End } from './trace.js'
import { CallsUnderWay } from './under-way.js'
import type { Outcome } from './world.js'

/** What a sleep depends on: it ends when another player changes something, or when time passes. */
export const waking: Footprint = { ...nothing, sees: ['world', 'clock'] }

/** These wait, or have their result at once: there is no order to try among them and others. */
const apart = opsThat('waits', 'own')

export class Player {
  readonly fds = new Set<number>()
  /** The descriptors through which something was written that is not synced. */
  readonly unsynced = new Set<number>()
  underWay: CallsUnderWay
  outcome: Outcome | undefined
  /** When it wakes by itself, if it sleeps. */
  due: number | undefined
  calls = 0
  /** A fault was put in its way. */
  injected = false
  readonly #steps: Steps<unknown>
  readonly #around: Surroundings
  readonly #own: OwnCalls
  /** The calls under way were yielded as one `together`. */
  #together = false
  /** Another player has changed something since this one woke last, so its next sleep is over at once. */
  #missedChange = false
  /** What has come of its calls, in words. Its state depends on nothing else, because a generator is deterministic. */
  #history = ''
  /** Its outcome in words, in which any two outcomes differ that `check` could tell apart. */
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
      throw new BadWorld(`Player ${name} is no generator, so it does not wait for the explorer: ${advice}`)
    }
    this.#steps = steps
    this.#around = around
    this.#own = new OwnCalls(number, name, around)
    this.underWay = this.#make([])
    this.#goOn({ value: undefined })
  }

  get awake(): boolean {
    return !this.outcome && this.due === undefined
  }

  /** What it is about to call; undefined for those calls of a `together` that are done. */
  get pending(): readonly (Call | undefined)[] {
    return this.underWay.pending
  }

  /** One of its calls, or a part of one, is done. When all are, it goes on. Returns what it touched by going to sleep. */
  done(slot: number, outcome: CallOutcome<unknown>, result: string): Footprint {
    const outcomes = this.underWay.done(slot, outcome, result)
    if (!outcomes) return nothing
    this.#history += this.underWay.history
    return this.#goOn(this.#together ? { value: outcomes } : (outcomes[0] as CallOutcome<unknown>))
  }

  /** Throws an error into it instead of its next call, or of its sleep. */
  interrupt(error: Error): Footprint {
    const slept = this.due === undefined ? nothing : waking
    this.due = undefined
    this.#history += '^;'
    this.#own.interruption = error
    return { ...slept, sees: [...slept.sees, ...this.#goOn({ error }).sees] }
  }

  kill(): void {
    this.outcome = { how: 'killed' }
    this.#ended = 'killed'
    this.#around.events.push({ player: this.number, text: 'KILLED', mark: true })
  }

  /** Another player has changed something: a sleeper looks again. */
  nudge(): void {
    if (this.outcome) return
    if (this.due === undefined) this.#missedChange = true
    else this.wake()
  }

  wake(): void {
    this.due = undefined
    this.#missedChange = false
    this.#goOn({ value: undefined })
  }

  /** Goes on until it makes a call that others could notice, sleeps, or ends. To sleep or to wake is no step of its own. */
  #goOn(first: CallOutcome<unknown>): Footprint {
    let slept: Footprint = nothing
    let outcome: CallOutcome<unknown> | undefined = first
    try {
      for (let spins = 0; outcome; spins++) {
        if (spins > 10_000) throw new BadWorld(`Player ${this.name} spins: it waits, and does not sleep`)
        const next = 'error' in outcome ? this.#steps.throw(outcome.error) : this.#steps.next(outcome.value)
        if (next.done) {
          this.#end({ how: 'returned', value: next.value })
          break
        }
        if (typeof next.value?.op !== 'string') throw waitsOutside(this.name, next.value)
        if (next.value.op === 'sleep' || next.value.op === 'changed') slept = waking
        outcome = this.#begin(next.value)
      }
    } catch (error) {
      if (error instanceof BadWorld) throw error
      this.#end({ how: 'threw', error, injected: this.injected })
    }
    return slept
  }

  /** Begins a call. Returns its outcome if that is known at once, because no other player has a part in it. */
  #begin(call: Call): CallOutcome<unknown> | undefined {
    const { op, args } = call
    const instead = this.#own.insteadOf(call)
    if (instead) return instead
    this.#together = op === 'together'
    if (op === 'together') return this.#beginTogether(args[0] as Call[])
    this.underWay = this.#make([call])
    if (op === 'sleep' || op === 'changed') return this.#sleep(args.at(-1) as number)
    const outcome = this.#own.outcomeOf(call)
    // The results of the others follow from its history.
    if (outcome && (op === 'now' || op === 'settle')) this.#history += `${op}>${describeResult(undefined, outcome)};`
    return outcome
  }

  #beginTogether(calls: readonly Call[]): CallOutcome<unknown> | undefined {
    const odd = calls.find(({ op }) => op === 'together' || apart.has(op))
    if (odd) throw new BadWorld(`Player ${this.name} makes ${odd.op} together with others, and it is not one call`)
    this.underWay = this.#make(calls)
    return calls.length === 0 ? { value: [] } : undefined
  }

  #make(calls: readonly Call[]): CallsUnderWay {
    return new CallsUnderWay(calls, this.#around.splitListings)
  }

  #sleep(ms: number): CallOutcome<unknown> | undefined {
    if (this.#missedChange) {
      this.#missedChange = false
      return { value: undefined }
    }
    // At least 1 ms, as every timer. So a player that sleeps for ever moves the clock, and comes to no state twice: that
    // its world has no ending shows as a schedule of too many steps.
    this.due = this.#around.clock + Math.max(1, ms)
    return undefined
  }

  #end(outcome: End): void {
    this.outcome = outcome
    this.underWay = this.#make([])
    const { text, details } = describeEnd(outcome, this.#around.root)
    this.#ended = `${text}|${this.injected}|${details}`
    this.#around.events.push({ player: this.number, text, mark: true })
  }

  /** Everything that its future depends on. `behind` describes what a descriptor leads to. */
  state(behind: (fd: number) => string): string {
    // Only its end makes a difference now, not how it came to that.
    if (this.outcome) return this.#ended
    const open = [...this.fds].map(behind).join()
    return [this.#history, this.underWay.state(), this.due ?? '', this.#missedChange, this.injected, open].join('|')
  }
}
