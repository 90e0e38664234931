// What is in the cache. lru-cache keeps the order of the entries, and says which one makes room.

import { LRUCache } from 'lru-cache'
import type { Caching, EvictReason } from './options.js'
import { type Departures, Stay } from './stay.js'

/** Each `set` and each load makes one, so it is known whether what was seen is what is there. */
export interface Entry<K, V> {
  readonly stay: Stay<K, V>
  readonly value: V
  /** Monotonic clock. */
  readonly untilMs: number
  /** The check is being called this very moment: a caller who comes now is that check itself. */
  isAsked: boolean
}

export class Entries<K, V> {
  // The types of lru-cache exclude undefined and null, which its Map holds as any other key.
  readonly #lru: LRUCache<K & {}, Entry<K, V>>
  readonly #departures: Departures<K, V>
  readonly #maxAgeMs: number

  constructor({ max, maxAgeMs }: Caching<K, V>, departures: Departures<K, V>) {
    this.#maxAgeMs = maxAgeMs
    this.#departures = departures
    this.#lru = new LRUCache<K & {}, Entry<K, V>>({
      max,
      dispose: ({ stay }, _key, reason) => {
        if (reason === 'evict') stay.end('capacity')
      },
    })
  }

  get size(): number {
    return this.#lru.size
  }

  /** Returns the entry as the one that was used last. One that is too old is ended. */
  get(key: K): Entry<K, V> | undefined {
    const entry = this.#lru.get(key as K & {})
    if (entry === undefined || isYoung(entry)) return entry
    this.end(key, entry, 'expired')
    return undefined
  }

  peek(key: K): Entry<K, V> | undefined {
    const entry = this.at(key)
    return entry && isYoung(entry) ? entry : undefined
  }

  /** Returns the entry, however old it is. */
  at(key: K): Entry<K, V> | undefined {
    return this.#lru.peek(key as K & {})
  }

  /** Is this very entry in the cache? */
  has(key: K, entry: Entry<K, V>): boolean {
    return this.at(key) === entry
  }

  all(): [K, Entry<K, V>][] {
    return [...this.#lru.entries()]
  }

  /** The very value that is there already goes on with its stay: it must not be disposed of. */
  put(key: K, value: V): Entry<K, V> {
    const before = this.at(key)
    const isSame = before !== undefined && Object.is(before.value, value)
    const stay = isSame ? before.stay : new Stay(key, value, this.#departures)
    const untilMs = this.#maxAgeMs === Number.POSITIVE_INFINITY ? this.#maxAgeMs : performance.now() + this.#maxAgeMs
    const entry: Entry<K, V> = { stay, value, untilMs, isAsked: false }
    this.#lru.set(key as K & {}, entry)
    if (!isSame) before?.stay.end('replaced')
    return entry
  }

  end(key: K, entry: Entry<K, V>, why: EvictReason): void {
    this.#lru.delete(key as K & {})
    entry.stay.end(why)
  }
}

const isYoung = ({ untilMs }: { readonly untilMs: number }): boolean =>
  untilMs === Number.POSITIVE_INFINITY || performance.now() < untilMs
