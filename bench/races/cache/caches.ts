// The caches of one process that make a value if there is none. Each keeps values in memory, as its documentation says.

import { createCache as createDedupe } from 'async-cache-dedupe'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { createCache } from 'cache-manager'
import { Cacheable } from 'cacheable'
import { ValidatingCache } from 'holdfast/cache'
import { LRUCache } from 'lru-cache'
import pMemoize from 'p-memoize'
import { Wanted } from '../stores/caches.js'

export interface Cache {
  /** Returns the value that is there, or makes one. */
  getOrLoad(key: string, load: () => Promise<unknown>): Promise<unknown>
  delete(key: string): unknown
  /** Absent: the cache has no such function. */
  set?(key: string, value: unknown): unknown
}

const hour = 3_600_000

export const caches: Record<string, () => Cache> = {
  holdfast() {
    const wanted = new Wanted()
    const cache = new ValidatingCache<string, unknown>({ max: 1000, load: wanted.compute })
    return {
      getOrLoad: wanted.calling(async key => (await cache.get(key)).value),
      set: (key, value) => cache.set(key, value),
      delete: key => cache.delete(key),
    }
  },
  'lru-cache'() {
    const wanted = new Wanted()
    const cache = new LRUCache<string, object>({ max: 1000, fetchMethod: wanted.compute as () => Promise<object> })
    return {
      getOrLoad: wanted.calling(key => cache.fetch(key)),
      set: (key, value) => cache.set(key, value as object),
      delete: key => cache.delete(key),
    }
  },
  bentocache() {
    const bento = new BentoCache({
      default: 'memory',
      stores: { memory: bentostore().useL1Layer(memoryDriver({ maxItems: 1000 })) },
    })
    return {
      getOrLoad: (key, factory) => bento.getOrSet({ key, factory, ttl: hour }),
      set: (key, value) => bento.set({ key, value, ttl: hour }),
      delete: key => bento.delete({ key }),
    }
  },
  cacheable() {
    const cache = new Cacheable()
    return {
      getOrLoad: (key, load) => cache.getOrSet(key, load, { ttl: hour }),
      set: (key, value) => cache.set(key, value, hour),
      delete: key => cache.delete(key),
    }
  },
  'cache-manager'() {
    const cache = createCache()
    return {
      getOrLoad: (key, load) => cache.wrap(key, load, hour),
      set: (key, value) => cache.set(key, value, hour),
      delete: key => cache.del(key),
    }
  },
  'p-memoize'() {
    const wanted = new Wanted()
    const cache = new Map<string, unknown>()
    return {
      getOrLoad: wanted.calling(pMemoize(wanted.compute, { cache })),
      set: (key, value) => cache.set(key, value),
      delete: key => cache.delete(key),
    }
  },
  'async-cache-dedupe'() {
    const wanted = new Wanted()
    const cache = createDedupe({ ttl: hour / 1000, storage: { type: 'memory' } }).define('value', wanted.compute)
    return {
      getOrLoad: wanted.calling(key => cache.value(key)),
      delete: key => cache.clear('value', key),
    }
  },
  'by hand'() {
    const values = new Map<string, unknown>()
    return {
      async getOrLoad(key, load) {
        if (!values.has(key)) values.set(key, await load())
        return values.get(key)
      },
      set: (key, value) => values.set(key, value),
      delete: key => values.delete(key),
    }
  },
}
