// The stores that keep values in files, or in one file. Each is opened as its documentation says, and as kindly as its
// options allow: nothing is written later than it could be.

import { join } from 'node:path'
import { BentoCache, bentostore } from 'bentocache'
import { fileDriver } from 'bentocache/drivers/file'
import cacache from 'cacache'
import { FlatCache } from 'flat-cache'
import Keyv, { type KeyvStoreAdapter } from 'keyv'
import { KeyvFile } from 'keyv-file'
import persist from 'node-persist'
import { createStorage } from 'unstorage'
import fsDriver from 'unstorage/drivers/fs'
import { optionalPackage } from '../../run/optional.js'
import { byHand } from './by-hand.js'
import type { Shared, Way } from './shared.js'

/** What all stores behind keyv have. */
function overKeyv(keyv: Keyv): Shared {
  return {
    get: key => keyv.get(key),
    set: (key, value) => keyv.set(key, value),
    remove: key => keyv.delete(key),
    close: () => keyv.disconnect(),
  }
}

/** It is built for each machine, so it takes part only where it was installed. */
const keyvSqlite = await optionalPackage<{
  default: new (options: { uri: string; busyTimeout: number }) => KeyvStoreAdapter
}>('@keyv/sqlite')

export function bentoFiles(dir: string): BentoCache<{ files: ReturnType<typeof bentostore> }> {
  const driver = fileDriver({ directory: join(dir, 'bentocache'), pruneInterval: false })
  return new BentoCache({ default: 'files', stores: { files: bentostore().useL2Layer(driver) } })
}

/** "keep in mind that this would not properly work in multi-process setting" */
export const oneProcess = ['node-persist']

export const peers: Record<string, Way> = {
  ...(keyvSqlite && {
    '@keyv/sqlite': async (dir: string) => {
      const store = new keyvSqlite.default({ uri: `sqlite://${join(dir, 'keyv.sqlite')}`, busyTimeout: 10_000 })
      return overKeyv(new Keyv({ store, throwOnErrors: true }))
    },
  }),
  'keyv-file': async dir =>
    overKeyv(
      new Keyv({ store: new KeyvFile({ filename: join(dir, 'keyv.json'), writeDelay: 0 }), throwOnErrors: true }),
    ),
  async unstorage(dir) {
    const storage = createStorage({ driver: fsDriver({ base: join(dir, 'unstorage') }) })
    return {
      get: key => storage.getItem(key),
      set: (key, value) => storage.setItem(key, value as object),
      remove: key => storage.removeItem(key),
      close: () => storage.dispose(),
    }
  },
  async 'node-persist'(dir) {
    const storage = persist.create({ dir: join(dir, 'node-persist'), expiredInterval: 0 })
    await storage.init()
    return {
      get: key => storage.getItem(key),
      set: (key, value) => storage.setItem(key, value),
      remove: key => storage.removeItem(key),
    }
  },
  // All values are in one file. Each call begins with what is in it, and a change is saved at once.
  async 'flat-cache'(dir) {
    const loaded = () => {
      const cache = new FlatCache({ cacheDir: join(dir, 'flat-cache'), cacheId: 'values' })
      cache.load('values')
      return cache
    }
    const changed = (change: (cache: FlatCache) => void) => {
      const cache = loaded()
      change(cache)
      cache.save(true)
    }
    return {
      get: async key => loaded().getKey(key),
      set: async (key, value) => changed(cache => cache.setKey(key, value)),
      remove: async key => changed(cache => cache.removeKey(key)),
    }
  },
  async bentocache(dir) {
    const bento = bentoFiles(dir)
    return {
      get: key => bento.get({ key }),
      set: (key, value) => bento.set({ key, value, ttl: '1h' }),
      remove: key => bento.delete({ key }),
      close: () => bento.disconnectAll(),
    }
  },
  async cacache(dir) {
    const cache = join(dir, 'cacache')
    return {
      get: key =>
        cacache.get(cache, key, { memoize: false }).then(
          ({ data }) => JSON.parse(data.toString()),
          error => {
            if (error.code !== 'ENOENT') throw error
          },
        ),
      set: (key, value) => cacache.put(cache, key, JSON.stringify(value)),
      remove: key => cacache.rm.entry(cache, key),
    }
  },
  'by hand': byHand,
}
