// The same contests for our own stores: on files, and on SQLite where better-sqlite3 could be installed.

import { join } from 'node:path'
import { sqliteStore } from 'holdfast/sqlite'
import { fileStore, getOrSet, overwrite, type Store } from 'holdfast/store'
import { type Database, openDatabase } from '../../run/databases.js'
import type { Shared, Way } from './shared.js'

function shared(store: Store<unknown>): Shared {
  return {
    get: async key => (await store.get(key))?.value,
    set: (key, value) => overwrite(store, key, value),
    remove: key => store.remove(key),
    update: (key, change) => store.update(key, ({ value }) => change(value)),
    getOrSet: async (key, compute) => (await getOrSet(store, key, compute)).value,
    close: () => store.close(),
  }
}

export const ours: Record<string, Way> = {
  // These contests are about processes; no store waits for the disk.
  holdfast: async dir => shared(fileStore(join(dir, 'store'), { durability: 'none' })),
  ...(openDatabase && { 'holdfast, sqlite': openedBy(openDatabase) }),
}

function openedBy(open: (file: string) => Database): Way {
  return async dir => {
    const db = open(join(dir, 'database'))
    const store = sqliteStore(db)
    return {
      ...shared(store),
      async close() {
        await store.close()
        db.close()
      },
    }
  }
}
