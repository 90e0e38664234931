// How one call of the promise form waits for descriptors when it has found none, and how those waits end early.

import type { Wake } from './done.js'
import { markFinal } from './errors.js'
import { monotonicMs } from './moment.js'
import { seats } from './seats.js'

const longestPauseMs = 100

/** A call that waits for a descriptor. */
export interface Starving {
  tries: number
  /** Since when no call of this thread has found one, and how many had until then. */
  sinceMs: number
  served: number
}

export class DescriptorWaits {
  /** Milliseconds for which a call goes on trying while no other call of this thread finds a descriptor either. */
  #retryForMs: number
  /** How to end each wait early. */
  #waits: Set<Wake> | undefined
  #stopping = false
  /** The error of a call whose wait was ended early. */
  shortage: unknown
  /** Called before a call waits, so that others may end it. */
  readonly #onWait: () => void

  constructor(retryForMs: number, onWait: () => void) {
    this.#retryForMs = retryForMs
    this.#onWait = onWait
  }

  /**
   * Calls `again` later, or `stopped` if the wait was ended early. Returns false if the call has waited for long enough: then
   * `error` is what it ends with.
   */
  begin(starving: Starving, error: unknown, again: () => void, stopped: () => void): boolean {
    const nowMs = monotonicMs()
    const isFirst = starving.tries++ === 0
    if (isFirst || starving.served !== seats.served) Object.assign(starving, { sinceMs: nowMs, served: seats.served })
    if (!isFirst && nowMs - starving.sinceMs >= this.#retryForMs) {
      markFinal(error)
      return false
    }
    this.#onWait()
    this.#waits ??= new Set()
    const wake = seats.starve(
      () => {
        this.#waits?.delete(wake)
        if (!this.#stopping) again()
        else {
          this.shortage = error
          stopped()
        }
      },
      Math.min(2 ** (starving.tries - 1), longestPauseMs, this.#retryForMs),
    )
    this.#waits.add(wake)
    return true
  }

  /**
   * The call as a whole is stopped. Ends every wait: each of those calls is not made. Those that clean up now wait only a
   * little.
   */
  stop(): void {
    this.#retryForMs = Math.min(this.#retryForMs, longestPauseMs)
    this.#stopping = true
    for (const wake of [...(this.#waits ?? [])]) wake()
    this.#stopping = false
  }
}
