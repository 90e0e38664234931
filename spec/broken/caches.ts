// Caches that go wrong: as people write them by hand, and the one of this package with one thought left out. The world of
// caches must catch each of them.

import type { EvictReason } from 'holdfast/cache'
import { LRUCache } from 'lru-cache'
import { Entries } from '../../lib/cache/entries.js'
import { Flight } from '../../lib/cache/flight.js'
import { Flights } from '../../lib/cache/flights.js'
import { Departures, Stay } from '../../lib/cache/stay.js'
import { Task } from '../../lib/cache/task.js'
import { Waiter } from '../../lib/cache/waiter.js'
import { ValidatingCache } from '../../lib/cache.js'
import type { CacheLike, CacheOptions, Value } from '../support/cache-world.js'

/** The cache of this package. */
export const opened = ({ max, load, check, onEvict }: CacheOptions): CacheLike =>
  new ValidatingCache<string, Value>({ max, load, check, onEvict })

/** What all caches by hand have in common: no `use`, and what `dispose` of lru-cache makes of the reasons. */
function byHand({ max, onEvict }: CacheOptions, get: (lru: LRUCache<string, Value>, key: string) => Promise<Value>) {
  const lru: LRUCache<string, Value> = new LRUCache({
    max,
    disposeAfter: (value, key, why) => onEvict(key, value, why === 'evict' ? 'capacity' : 'replaced'),
  })
  return {
    get: async (key: string) => ({ value: await get(lru, key), source: 'hit' }),
    use: async (key: string, work: (value: Value) => Promise<void>) => work(await get(lru, key)),
    set: (key: string, value: Value) => void lru.set(key, value),
    delete: (key: string) => lru.delete(key),
    peek: (key: string) => lru.peek(key),
    get size() {
      return lru.size
    },
    close: async () => lru.clear(),
  } satisfies CacheLike
}

/** Looks, and then loads and stores. */
export const getThenSet = (options: CacheOptions): CacheLike =>
  byHand(options, async (lru, key) => {
    const known = lru.get(key)
    if (known) return known
    const value = await options.load(key, { signal: new AbortController().signal })
    lru.set(key, value)
    return value
  })

/** The same, and those who ask meanwhile share the promise, as most packages do it. */
export const sharedPromise = (options: CacheOptions): CacheLike => {
  const loading = new Map<string, Promise<Value>>()
  return byHand(options, async (lru, key) => {
    const known = lru.get(key)
    if (known) return known
    const shared = loading.get(key) ?? options.load(key, { signal: new AbortController().signal })
    loading.set(key, shared)
    try {
      const value = await shared
      lru.set(key, value)
      return value
    } finally {
      loading.delete(key)
    }
  })
}

/** `fetch` of lru-cache. */
export const lruFetch = ({ max, load, onEvict }: CacheOptions): CacheLike => {
  const lru: LRUCache<string, Value> = new LRUCache({
    max,
    fetchMethod: (key, _old, { signal }) => load(key, { signal }),
    disposeAfter: (value, key, why) => onEvict(key, value, why === 'evict' ? 'capacity' : 'replaced'),
  })
  const fetch = async (key: string) => (await lru.fetch(key)) as Value
  return {
    get: async key => ({ value: await fetch(key), source: 'hit' }),
    use: async (key, work) => work(await fetch(key)),
    set: (key, value) => void lru.set(key, value),
    delete: key => lru.delete(key),
    peek: key => lru.peek(key),
    get size() {
      return lru.size
    },
    close: async () => lru.clear(),
  }
}

/** Leaves something out of the package's own cache, as long as a world is explored. */
function without<T extends object, N extends keyof T & string>(
  { prototype }: { readonly prototype: T },
  name: N,
  instead: (proper: T[N]) => unknown,
) {
  const proper = prototype[name]
  const put = (value: unknown) => Object.defineProperty(prototype, name, { value, configurable: true, writable: true })
  return async (explore: () => Promise<void>): Promise<void> => {
    put(instead(proper))
    try {
      await explore()
    } finally {
      put(proper)
    }
  }
}

const nothing = () => {}

export const mutants = {
  'what is loaded is stored after a delete': without(Flights<string, Value>, 'outdate', () => nothing),
  'callers join a load that is outdated': without(
    Flights<string, Value>,
    'outdate',
    () =>
      function (this: Flights<string, Value>, key: string) {
        const flight = this.get(key)
        if (flight?.isLoading) flight.isOutdated = true
      },
  ),
  'a set does not end the load': without(Flights<string, Value>, 'overtake', () => nothing),
  'a set rejects those who wait': without(
    Flights<string, Value>,
    'overtake',
    () =>
      function (this: Flights<string, Value>, key: string) {
        const flight = this.get(key)
        if (flight) this.end(flight, { error: new Error('replaced') })
      },
  ),
  'each caller loads by itself': without(Flights<string, Value>, 'get', () => nothing),
  'a verdict counts though the value has left': without(Entries<string, Value>, 'has', () => () => true),
  'onEvict is called in mid-change': without(
    Departures<string, Value>,
    'add',
    add =>
      function (this: Departures<string, Value>, ...args: Parameters<typeof add>) {
        add.apply(this, args)
        this.handOver()
      },
  ),
  'the load is aborted when the first caller leaves': without(
    Flight<string, Value>,
    'leave',
    leave =>
      function (this: Flight<string, Value>, waiter: Waiter<string, Value>, error: Error) {
        this.task.stop(error)
        leave.call(this, waiter, error)
      },
  ),
  'the load is never aborted': without(Task, 'stop', () => nothing),
  'a value in use is disposed of': without(
    Stay<string, Value>,
    'end',
    () =>
      function (this: Stay<string, Value>, why: EvictReason) {
        this.departures.add(this, why)
      },
  ),
  'a value is held only when the caller goes on': without(
    Waiter<string, Value>,
    'end',
    end =>
      function (this: { uses: boolean } & Waiter<string, Value>, outcome: Parameters<typeof end>[0]) {
        const { uses } = this
        this.uses = false
        end.call(this, outcome)
        if (uses && 'value' in outcome) queueMicrotask(() => outcome.value.stay?.enter())
      },
  ),
  'the loser of a race is kept': without(
    Stay<string, Value>,
    'end',
    end =>
      function (this: Stay<string, Value>, why: EvictReason) {
        if (why !== 'lost') end.call(this, why)
      },
  ),
  'the loser of a race is disposed of twice': without(
    Stay<string, Value>,
    'end',
    end =>
      function (this: Stay<string, Value>, why: EvictReason) {
        end.call(this, why)
        if (why === 'lost') end.call(this, why)
      },
  ),
}
