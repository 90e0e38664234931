// What a user's function gets that works while a lock is held, and whose result may come to be unwanted.

import { type Hold, lossSignal } from './hold.js'

export class UnderLock {
  readonly #hold: Hold
  /** Made when the signal is first asked for: most functions never ask. */
  #stop: AbortController | undefined
  #signal: AbortSignal | undefined
  #ended: { readonly error: unknown } | undefined

  constructor(hold: Hold) {
    this.#hold = hold
  }

  /** A fencing token, greater than that of every earlier holder. A service can use it to refuse one that comes too late. */
  get fence(): number {
    return this.#hold.fence
  }

  /** Aborted as soon as the result is not wanted any more: the call was stopped or timed out, or the lock is lost. */
  get signal(): AbortSignal {
    this.#stop ??= new AbortController()
    if (this.#ended) this.#stop.abort(this.#ended.error)
    this.#signal ??= AbortSignal.any([lossSignal(this.#hold), this.#stop.signal])
    return this.#signal
  }

  /** The result is not wanted any more. */
  end(error: unknown): void {
    this.#ended ??= { error }
    this.#stop?.abort(error)
  }
}
