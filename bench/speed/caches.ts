// Works on caches in memory. One call takes no time that a clock could see, so a thousand of them are one.

import { createCache as createDedupe } from 'async-cache-dedupe'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { createCache } from 'cache-manager'
import { Cacheable } from 'cacheable'
import * as ours from 'holdfast/cache'
import { LRUCache } from 'lru-cache'
import pMemoize from 'p-memoize'
import type { Family, Sides } from './work.js'

const times = 1000
/** As many as are in the caches. */
const keys = Array.from({ length: 100 }, (_, at) => `key-${at}`)
const hour = 3_600_000

/** Gets a value, which is loaded if it is not there. */
type Get = (key: string) => Promise<unknown>

const load = async (key: string): Promise<string> => `value of ${key}`
const max = 10_000

/** Another build may have no cache. */
const has = ours.ValidatingCache !== undefined
const byOurs = (check?: () => 'valid' | Promise<'valid'>): (() => Get) => {
  return () => {
    const cache = new ours.ValidatingCache<string, string>({ max, load, check })
    return key => cache.get(key)
  }
}

const byLruCache = (): Get => {
  const cache = new LRUCache<string, string>({ max, fetchMethod: load })
  return key => cache.fetch(key)
}

const others: Record<string, () => Get> = {
  'lru-cache': byLruCache,
  'p-memoize': () => pMemoize(load),
  'async-cache-dedupe'() {
    const cache = createDedupe({ ttl: hour / 1000, storage: { type: 'memory' } }).define('value', load)
    return key => cache.value(key)
  },
  'cache-manager'() {
    const cache = createCache()
    return key => cache.wrap(key, () => load(key), hour)
  },
  cacheable() {
    const cache = new Cacheable()
    return key => cache.getOrSet(key, () => load(key), { ttl: hour })
  },
  bentocache() {
    const store = bentostore().useL1Layer(memoryDriver({ maxItems: max }))
    const cache = new BentoCache({ default: 'memory', stores: { memory: store } })
    return key => cache.getOrSet({ key, factory: () => load(key), ttl: hour })
  },
}

/** Every value is there already. */
const hits = (sides: Record<string, () => Get>): Sides =>
  eachSide(sides, open => {
    const get = open()
    return async () => {
      for (let at = 0; at < times; at++) await get(keys[at % keys.length] as string)
    }
  })

/** No value is there. */
const misses = (sides: Record<string, () => Get>): Sides =>
  eachSide(sides, open => {
    const get = open()
    let next = 0
    return async () => {
      for (let at = 0; at < times; at++) await get(`key-${next++}`)
    }
  })

const eachSide = (sides: Record<string, () => Get>, actOf: (open: () => Get) => () => Promise<void>): Sides =>
  Object.fromEntries(Object.entries(sides).map(([name, open]) => [name, actOf(open)]))

const withOurs = (open: () => Get) => ({ ...(has && { holdfast: open }), ...others })

export const caching: Family = {
  name: 'cache',
  works: [
    {
      name: 'cache, 1,000 hits',
      calls: 20,
      standing: true,
      async: hits(withOurs(byOurs())),
      sync: {},
      asked: { async: { 'lru-cache': 1.5 } },
    },
    {
      name: 'cache, 1,000 hits that are checked',
      calls: 20,
      standing: true,
      async: hits({ ...(has && { holdfast: byOurs(() => 'valid') }), 'lru-cache': byLruCache }),
      sync: {},
      weaker: ['lru-cache'],
    },
    {
      name: 'cache, 1,000 misses',
      calls: 10,
      standing: true,
      async: misses({ ...(has && { holdfast: byOurs() }), 'lru-cache': byLruCache }),
      sync: {},
    },
  ],
}
