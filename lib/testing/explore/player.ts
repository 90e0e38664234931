// One process of a world, as far as the explorer sees it: what it is about to call, what came of its calls so far, and
// whether it sleeps.

import { opsThat } from '../../core/alphabet.js'
import type { Call, Outcome as CallOutcome, Steps } from '../../core/steps.js'
import { BadWorld, waitsOutside } from './bad-world.js'
import { type Footprint, nothing } from './footprint.js'
import { OwnCalls, type Surroundings } from './own-calls.js'
import { describeEnd, describeResult, type End } from './trace.js'
import { CallsUnderWay } from './under-way.js'
import type { Outcome } from './world.js'

/** A sleep ends when another player changes something, or when time passes. */
export const waking: Footprint = { ...nothing, sees: ['world', 'clock'] }

/** These wait, or are answered at once: there is no order to be tried among them and others. */
const apart = opsThat('waits', 'own')

export class Player {
  readonly fds = new Set<number>()
  underWay: CallsUnderWay
  outcome: Outcome | undefined
  /** When it would wake by itself, if it sleeps. */
  due: number | undefined
  calls = 0
  /** A fault was put in its way. */
  injected = false
  readonly #steps: Steps<unknown>
  readonly #around: Surroundings
  readonly #own: OwnCalls
  /** It has yielded them as one `together`. */
  #together = false
  /** Has another changed something since it woke last? Then its next sleep is over at once. */
  #missedChange = false
  /** What came of its calls, in words: all of its state follows from that. */
  #history = ''
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

  /** What it is about to call. Of several calls that it makes together, those that are done are undefined. */
  get pending(): readonly (Call | undefined)[] {
    return this.underWay.pending
  }

  /** One of its calls, or a part of one, was done. It goes on when all are; returns what it touched by sleeping. */
  done(slot: number, outcome: CallOutcome<unknown>): Footprint {
    const outcomes = this.underWay.done(slot, outcome)
    if (!outcomes) return nothing
    this.#history += this.underWay.history
    return this.#goOn(this.#together ? { value: outcomes } : (outcomes[0] as CallOutcome<unknown>))
  }

  /** An error instead of the call that it would make next, or of its sleep. */
  interrupt(error: Error): Footprint {
    const slept = this.due === undefined ? nothing : waking
    this.due = undefined
    this.#history += '^;'
    return { ...slept, sees: [...slept.sees, ...this.#goOn({ error }).sees] }
  }

  kill(): void {
    this.outcome = { how: 'killed' }
    this.#ended = 'killed'
    this.#around.events.push({ player: this.number, text: 'KILLED', mark: true })
  }

  /** Another player has changed something. */
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

  /** Goes on to the next call that others could notice, or to the next sleep. Neither to sleep nor to wake is a step. */
  #goOn(outcome: CallOutcome<unknown>): Footprint {
    let slept: Footprint = nothing
    let answer: CallOutcome<unknown> | undefined = outcome
    try {
      for (let spins = 0; answer; spins++) {
        if (spins > 10_000) throw new BadWorld(`Player ${this.name} spins: it waits, and does not sleep`)
        const next = 'error' in answer ? this.#steps.throw(answer.error) : this.#steps.next(answer.value)
        if (next.done) {
          this.#end({ how: 'returned', value: next.value })
          break
        }
        if (typeof next.value?.op !== 'string') throw waitsOutside(this.name, next.value)
        if (next.value.op === 'sleep' || next.value.op === 'changed') slept = waking
        answer = this.#begin(next.value)
      }
    } catch (error) {
      if (error instanceof BadWorld) throw error
      this.#end({ how: 'threw', error, injected: this.injected })
    }
    return slept
  }

  /** Its next call is pending, unless no other player can notice it: then it is answered at once. */
  #begin(call: Call): CallOutcome<unknown> | undefined {
    const { op, args } = call
    this.#together = op === 'together'
    if (op === 'together') return this.#beginTogether(args[0] as Call[])
    this.underWay = this.#make([call])
    if (op === 'sleep' || op === 'changed') return this.#sleep(args.at(-1) as number)
    const answer = this.#own.answer(call)
    // Of what it finds out so, only this does not follow from what it knows already.
    if (answer && (op === 'now' || op === 'settle')) this.#history += `${op}>${describeResult(undefined, answer)};`
    return answer
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
    // Whether it wakes at once depends on what others did, so it does not commute with that.
    if (this.#missedChange) {
      this.#missedChange = false
      return { value: undefined }
    }
    // It takes some time, as every timer does: then a player that sleeps for ever moves the clock, and comes to no state
    // twice.
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
    // How it came to its end makes no difference any more, only what the end was.
    if (this.outcome) return this.#ended
    const open = [...this.fds].map(behind).join()
    return [this.#history, this.underWay.state(), this.due ?? '', this.#missedChange, this.injected, open].join('|')
  }
}
