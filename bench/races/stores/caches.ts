// The caches that make a value if there is none. Processes share what was made by files: those of the package itself, or
// files written by hand behind it.

import { createCache as createDedupe, type StorageInterface } from 'async-cache-dedupe'
import { createCache } from 'cache-manager'
import { Cacheable } from 'cacheable'
import Keyv from 'keyv'
import pMemoize from 'p-memoize'
import { byHand, filesIn } from './by-hand.js'
import { bentoFiles } from './peers.js'
import type { Shared, Way } from './shared.js'

const hour = 3_600_000

/** A store for keyv: "you can use any custom store". */
async function keyvOver(files: Promise<Shared>): Promise<Keyv> {
  const { get, set, remove } = await files
  const store = { get, set, delete: (key: string) => remove(key).then(() => true), clear: async () => {} }
  return new Keyv({ store, throwOnErrors: true })
}

/** What the last call for a key wants to be done. Such packages take the function before they are called. */
export class Wanted {
  readonly #computes = new Map<string, () => Promise<unknown>>()
  readonly compute = async (key: string): Promise<unknown> => this.#computes.get(key)?.()

  calling<T>(call: (key: string) => Promise<T>) {
    return (key: string, compute: () => Promise<unknown>): Promise<T> => {
      this.#computes.set(key, compute)
      return call(key)
    }
  }
}

export const caches: Record<string, Way> = {
  async bentocache(dir) {
    const bento = bentoFiles(dir)
    return {
      get: key => bento.get({ key }),
      set: (key, value) => bento.set({ key, value, ttl: hour }),
      remove: key => bento.delete({ key }),
      getOrSet: (key, factory) => bento.getOrSet({ key, factory, ttl: hour }),
      close: () => bento.disconnectAll(),
    }
  },
  async cacheable(dir) {
    const cache = new Cacheable({ secondary: await keyvOver(filesIn(dir)) })
    return {
      get: key => cache.get(key),
      set: (key, value) => cache.set(key, value, hour),
      remove: key => cache.delete(key),
      getOrSet: (key, compute) => cache.getOrSet(key, compute, { ttl: hour }),
    }
  },
  async 'cache-manager'(dir) {
    const cache = createCache({ stores: [await keyvOver(filesIn(dir))] })
    return {
      get: key => cache.get(key),
      set: (key, value) => cache.set(key, value, hour),
      remove: key => cache.del(key),
      getOrSet: (key, compute) => cache.wrap(key, compute, hour),
    }
  },
  async 'p-memoize'(dir) {
    const keyv = await keyvOver(filesIn(dir))
    const wanted = new Wanted()
    const cache = {
      has: (key: string) => keyv.has(key),
      get: (key: string) => keyv.get(key),
      set: (key: string, value: unknown) => keyv.set(key, value),
      delete: (key: string) => keyv.delete(key),
    }
    return {
      get: cache.get,
      set: cache.set,
      remove: cache.delete,
      getOrSet: wanted.calling(pMemoize(wanted.compute, { cache })),
    }
  },
  async 'async-cache-dedupe'(dir) {
    const files = await filesIn(dir)
    // Its types say that none of them returns anything.
    const storage = {
      get: files.get,
      set: async (key: string, value: unknown) => void (await files.set(key, value)),
      remove: async (key: string) => void (await files.remove(key)),
      refresh: async () => {},
      getTTL: async () => hour / 1000,
      exists: async (key: string) => (await files.get(key)) !== undefined,
      invalidate: async () => {},
      clear: async () => {},
    } as unknown as StorageInterface
    const wanted = new Wanted()
    const cache = createDedupe({ ttl: hour / 1000, storage: { type: 'custom', options: { storage } } }).define(
      'value',
      wanted.compute,
    )
    // It has no function that sets a value.
    const get = (key: string) => files.get(`value~${key}`)
    return {
      ...files,
      get,
      remove: key => cache.clear('value', key),
      getOrSet: wanted.calling(key => cache.value(key)),
    }
  },
  'by hand': byHand,
}
