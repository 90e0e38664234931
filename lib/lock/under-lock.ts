// What a user's function gets that works while locks are held, and whose result may come to be unwanted.

import { type Hold, lossSignal } from './hold.js'

export class UnderLock {
  readonly #holds: readonly (Hold | undefined)[]
  /** Made when the signal is first asked for: most functions never ask. */
  #stop: AbortController | undefined
  #signal: AbortSignal | undefined
  #ended: { readonly error: unknown } | undefined

  /** Undefined is what has no lock, because nothing can be written there. */
  constructor(holds: readonly (Hold | undefined)[]) {
    this.#holds = holds
  }

  /** A fencing token, greater than that of every earlier holder. A service can use it to refuse one that comes too late. */
  get fence(): number {
    return this.#holds[0]?.fence ?? 0
  }

  /** One for each of several locks. */
  get fences(): readonly number[] {
    return this.#holds.map(hold => hold?.fence ?? 0)
  }

  /** Aborted as soon as the result is not wanted any more: the call was stopped or timed out, or a lock is lost. */
  get signal(): AbortSignal {
    this.#stop ??= new AbortController()
    if (this.#ended) this.#stop.abort(this.#ended.error)
    const losses = this.#holds.flatMap(hold => (hold ? [lossSignal(hold)] : []))
    this.#signal ??= AbortSignal.any([...losses, this.#stop.signal])
    return this.#signal
  }

  /** The result is not wanted any more. */
  end(error: unknown): void {
    this.#ended ??= { error }
    this.#stop?.abort(error)
  }
}
