// The stay of a value in the cache, from `set` or the end of its load until `onEvict` gets it. Stays are compared, not
// values: a verdict about one of them says nothing of another, even if its value looks the same.

import { isThenable } from '../core/wait.js'
import { happened } from '../parts/happenings.js'
import type { Caching, EvictReason } from './options.js'
import { Rest } from './rest.js'

export class Stay<K, V> {
  #users = 0
  #why: EvictReason | undefined

  constructor(
    readonly key: K,
    readonly value: V,
    readonly departures: Departures<K, V>,
  ) {
    departures.rest.begin()
  }

  /** The value is in use: it must not be disposed of. */
  enter(): void {
    this.#users++
  }

  leave(): void {
    this.#users--
    this.#departIfOver()
  }

  /** The value is not in the cache any more, or never gets there. */
  end(why: EvictReason): void {
    this.#why = why
    this.#departIfOver()
  }

  #departIfOver(): void {
    if (this.#why !== undefined && this.#users === 0) this.departures.add(this, this.#why)
  }
}

interface Departure<K, V> {
  readonly stay: Stay<K, V>
  readonly why: EvictReason
}

/** Hands values to `onEvict`, in the order in which they left. */
export class Departures<K, V> {
  /** Under way: each stay until its `onEvict` has ended, and each check and load. */
  readonly rest = new Rest()
  readonly #ready: Departure<K, V>[] = []
  readonly #onEvict: Caching<K, V>['onEvict']
  #isHandingOver = false

  constructor(onEvict: Caching<K, V>['onEvict']) {
    this.#onEvict = onEvict
  }

  /** Only notes it: the change that it is a part of must come to its end first. */
  add(stay: Stay<K, V>, why: EvictReason): void {
    this.#ready.push({ stay, why })
  }

  /** Must be called after each change. If `onEvict` itself changes the cache, what leaves then has its turn afterwards. */
  handOver(): void {
    if (this.#ready.length === 0 || this.#isHandingOver) return
    this.#isHandingOver = true
    // It grows meanwhile, if `onEvict` changes the cache.
    for (const departure of this.#ready) this.#handOverOne(departure)
    this.#ready.length = 0
    this.#isHandingOver = false
  }

  #handOverOne({ stay: { key, value }, why }: Departure<K, V>): void {
    const ended = () => this.rest.end()
    const failed = (error: unknown) => {
      ended()
      happened('holdfast:evict-failed', { key, why, error })
    }
    try {
      const returned = this.#onEvict?.(key, value, why)
      if (isThenable(returned)) Promise.resolve(returned).then(ended, failed)
      else ended()
    } catch (error) {
      failed(error)
    }
  }
}
