// A caller that waits for a value, with its own time.

import type { Deadline } from '../core/deadline.js'
import { type Outcome, unwrap } from '../core/steps.js'
import type { Stay } from './stay.js'

/** Where a value comes from: it was there, was loaded, or was there and could not be checked. */
export type CacheSource = 'hit' | 'loaded' | 'stale'

/** What callers get. Nothing stays of a load that returned undefined. */
export interface Landing<K, V> {
  readonly value: V
  readonly stay: Stay<K, V> | undefined
  readonly source: CacheSource
}

export class Waiter<K, V> {
  #outcome: Outcome<Landing<K, V>> | undefined
  #settle: ((outcome: Outcome<Landing<K, V>>) => void) | undefined

  constructor(
    /** It uses the value, which must not be disposed of meanwhile. */
    readonly uses: boolean,
    readonly deadline: Deadline | undefined,
  ) {}

  /** Holds the value at once, if it is to be used: it may leave the cache before the caller goes on. */
  end(outcome: Outcome<Landing<K, V>>): void {
    this.deadline?.disarm()
    if (this.uses && 'value' in outcome) outcome.value.stay?.enter()
    this.#outcome = outcome
    this.#settle?.(outcome)
  }

  /** A caller that need not wait, as most need not, pays for no promise. */
  landed(): Landing<K, V> | Promise<Landing<K, V>> {
    if (this.#outcome) return unwrap(this.#outcome)
    return new Promise((resolve, reject) => {
      this.#settle = outcome => {
        if ('error' in outcome) reject(outcome.error)
        else resolve(outcome.value)
      }
    })
  }
}
