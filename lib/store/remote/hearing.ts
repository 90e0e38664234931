// What others commit, heard of through messages of the server: hints that end a wait early.

import { fs, pending, type Steps } from '../../core/steps.js'
import { untilNextLook } from './pause.js'

/** How to stop listening. */
export type Stop = () => PromiseLike<unknown>

/** Begins to listen: `heard` is to be called with each message, which names a key. */
export type Listen = (heard: (message: string | undefined) => void) => Promise<Stop>

/** A message may be lost, so a wait ends after this time (ms) in any case. */
const longestWaitMs = 500

/** It begins to listen when a call waits for the first time. */
export class Hearing {
  readonly #listen: Listen
  readonly #waits = new Map<string, Set<() => void>>()
  /** How to end it; undefined where listening has failed. */
  #begun: Promise<Stop | undefined> | undefined

  constructor(listen: Listen) {
    this.#listen = listen
  }

  /** Waits for such a message, but at most `ms`. */
  *next(message: string, ms: number): Steps<void> {
    let stop = () => {}
    const heard = new Promise<void>(resolve => {
      stop = this.#expect(message, resolve)
    })
    try {
      this.#begun ??= this.#listen(this.#heard).catch(() => undefined)
      const begun = yield* fs.settle(this.#begun, ms)
      // Where nothing is heard, the key is looked at from time to time.
      if (!begun) yield* untilNextLook(ms)
      else if (begun !== pending) yield* fs.settle(heard, Math.min(ms, longestWaitMs))
    } finally {
      stop()
    }
  }

  #expect(message: string, resolve: () => void): () => void {
    const waits = this.#waits.get(message) ?? new Set()
    this.#waits.set(message, waits.add(resolve))
    return () => {
      waits.delete(resolve)
      if (waits.size === 0) this.#waits.delete(message)
    }
  }

  readonly #heard = (message: string | undefined): void => {
    for (const resolve of [...(this.#waits.get(message ?? '') ?? [])]) resolve()
  };

  /** What it listens to may have been closed before: then there is nothing to end. */
  *close(): Steps<void> {
    const begun = this.#begun
    this.#begun = undefined
    if (!begun) return
    const stopped = begun.then(stop => stop?.()).catch(() => {})
    yield* fs.settle(stopped, longestWaitMs)
  }
}
