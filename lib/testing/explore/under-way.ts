// The calls that a player is making: usually one, several if it has yielded them together. Each is made part by part.

import type { Call, Outcome, Steps } from '../../core/steps.js'
import { Listing } from './listing.js'
import { partsOf } from './split-calls.js'
import { describeResult } from './trace.js'

export class CallsUnderWay {
  readonly #calls: readonly CallInParts[]

  constructor(calls: readonly Call[], splitListings: boolean) {
    this.#calls = calls.map(call => new CallInParts(call, splitListings))
  }

  /** The next part of each call; undefined for a call that is done. */
  get pending(): readonly (Call | undefined)[] {
    return this.#calls.map(({ next }) => next)
  }

  /** No part of any call is done. */
  get untouched(): boolean {
    return this.#calls.every(({ history }) => history === '')
  }

  /** What has come of the calls, in words. Not in the order in which they ended: the player does not learn that. */
  get history(): string {
    return this.#calls.map(({ history }) => history).join('')
  }

  /** The directories that are open, and are to be read. */
  get listings(): readonly Listing[] {
    return this.#calls.flatMap(({ next }) => (next?.args[0] instanceof Listing ? [next.args[0]] : []))
  }

  /** The next part of one call is done; `result` is its outcome in words. Returns all outcomes when all calls are done. */
  done(slot: number, outcome: Outcome<unknown>, result: string): readonly Outcome<unknown>[] | undefined {
    this.#calls[slot]?.done(outcome, result)
    if (this.#calls.some(({ next }) => next)) return undefined
    return this.#calls.map(call => call.outcome as Outcome<unknown>)
  }

  /** Everything that the future of these calls depends on. */
  state(): string {
    const calls = this.#calls.map(({ history, next }) => (next ? history : `${history}.`))
    return [...calls, ...this.listings.map(({ late }) => late.join())].join()
  }
}

class CallInParts {
  /** The next part; undefined when all are done. */
  next: Call | undefined
  /** What has come of the parts so far, in words. */
  history = ''
  /** What has come of the call, when all parts are done. */
  outcome: Outcome<unknown> | undefined
  readonly #call: Call
  /** Undefined if the call itself is the only part. */
  readonly #parts: Steps<unknown> | undefined

  constructor(call: Call, splitListings: boolean) {
    this.#call = call
    this.#parts = partsOf(call, splitListings)
    this.next = this.#parts ? (this.#parts.next().value as Call) : call
  }

  done(outcome: Outcome<unknown>, result: string): void {
    this.history += `${this.next?.op}>${result};`
    this.next = undefined
    if (this.#parts) this.#goOn(this.#parts, outcome)
    else this.outcome = outcome
  }

  #goOn(parts: Steps<unknown>, outcome: Outcome<unknown>): void {
    try {
      const { value, done } = 'error' in outcome ? parts.throw(outcome.error) : parts.next(outcome.value)
      if (done) this.#end(value)
      else this.next = value as Call
    } catch (error) {
      // How the parts came to it stays in the history: which of them has failed may make a difference.
      this.outcome = { error }
    }
  }

  /** Once there is a value, it makes no difference how the parts came to it. */
  #end(value: unknown): void {
    this.outcome = { value }
    this.history = `${this.#call.op}>${describeResult(this.#call, this.outcome)};`
  }
}
