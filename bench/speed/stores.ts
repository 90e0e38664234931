// Works on keyed stores; here without contention.

import * as redisStores from 'holdfast/redis'
import type { Store } from 'holdfast/store'
import { peers } from '../races/stores/peers.js'
import type { Shared } from '../races/stores/shared.js'
import { databases } from '../run/databases.js'
import { kilobyte } from './data.js'
import { hasStore, laid, memo, openBytes, openFiles, overwrite, type Table, tableIn } from './stores/engines.js'
import { createFloor, hitFloor, incrementFloor, memoFloor, setFloor } from './stores/floor.js'
import { hasRedis, startRedis } from './stores/redis.js'
import { body, inRoom, inTurn, keyOf, keys, leave } from './stores/rooms.js'
import { type Act, type Family, floors, type Sides, type Work } from './work.js'

const calls = 120

/** The sides that SQLite has, used by hand. */
const byTable = (act: (table: Table) => unknown, bytes?: Uint8Array): Sides =>
  Object.fromEntries(
    Object.entries(databases).map(([name, database]) => {
      const table = tableIn(database, bytes)
      return [name, (_: string, room: string) => act(table(room))]
    }),
  )

/** The packages that keep values in files, and in SQLite behind keyv, which not every machine has. */
const names = ['unstorage', 'node-persist', 'keyv-file', '@keyv/sqlite', 'cacache'].filter(name => name in peers)
const byPeers = (act: (store: Shared) => Promise<unknown>): Sides =>
  Object.fromEntries(
    names.map(name => {
      const opened = inRoom(
        room => openWithKeys(name, room),
        store => store.then(one => one.close?.()),
      )
      return [name, async (_: string, room: string) => act(await opened(room))]
    }),
  )

async function openWithKeys(name: string, room: string): Promise<Shared> {
  const store = await peers[name]?.(room)
  if (!store) throw new Error(`There is no store '${name}'`)
  for (let nth = 0; nth < keys; nth++) await store.set(keyOf(nth), body(nth))
  for (let nth = 0; nth < keys; nth++) await store.get(keyOf(nth))
  return store
}

/** Our side, with a store that has its keys, each of which has been read a moment ago in the same form. */
const ours = {
  async<T>(open: (room: string) => Store<T>, act: (store: Store<T>) => Promise<unknown>): Sides {
    const opened = inRoom(async room => {
      const store = open(room)
      for (let nth = 0; nth < keys; nth++) await store.get(keyOf(nth))
      return store
    })
    return hasStore ? { holdfast: async (_, room) => act(await opened(room)) } : {}
  },
  sync<T>(open: (room: string) => Store<T>, act: (store: Store<T>) => unknown): Sides {
    const opened = inRoom(room => {
      const store = open(room)
      for (let nth = 0; nth < keys; nth++) store.get.sync(keyOf(nth))
      return store
    })
    return hasStore ? { holdfast: (_, room) => act(opened(room)) } : {}
  },
}

const files = (room: string) => laid(openFiles(room), body)
const memoized = (room: string) => laid(memo(openBytes(room), { max: 1000 }), () => kilobyte)

// keyv-file keeps a copy of the whole file, and reads it once: what other processes write is not seen.
const weaker = ['keyv-file']

const key = { get: inTurn(), memo: inTurn(), set: inTurn(), peers: inTurn(), table: inTurn(), redis: inTurn() }

const getting: Work = {
  name: 'store, hit 1 KiB',
  ...{ calls, leave, standing: true },
  weaker,
  async: {
    ...ours.async(files, store => store.get(key.get())),
    ...byPeers(store => store.get(key.peers())),
  },
  sync: {
    ...ours.sync(files, store => store.get.sync(key.get())),
    ...byTable(table => table.get(key.table())),
  },
  floor: hitFloor(),
  asked: {
    sync: { [floors.sync]: 1.4 },
    async: { unstorage: 0.5, 'node-persist': 0.5, 'keyv-file': 0.5 },
  },
}

const gettingFromMemory: Work = {
  name: 'store, hit 1 KiB of bytes in a memo',
  ...{ calls, leave, standing: true },
  async: ours.async(memoized, store => store.get(key.memo())),
  sync: {
    ...ours.sync(memoized, store => store.get.sync(key.memo())),
    ...byTable(table => table.bytes(key.table()), kilobyte),
  },
  floor: memoFloor(),
  asked: { sync: { 'better-sqlite3': 0.6 } },
}

const setting: Work = {
  name: 'store, set 1 KiB',
  ...{ calls, leave, standing: true },
  weaker: [...weaker, 'unstorage'],
  async: {
    ...ours.async(files, store => overwrite(store, key.set(), body(1))),
    ...byPeers(store => store.set(key.peers(), body(1))),
  },
  sync: {
    ...ours.sync(files, store => overwrite.sync(store, key.set(), body(1))),
    ...byTable(table => table.set(key.table(), body(1))),
  },
  floor: setFloor(),
  asked: {
    sync: { [floors.sync]: 1.3 },
    async: { unstorage: 0.5, 'node-persist': 0.5, 'keyv-file': 0.5 },
  },
}

const withCount = (room: string): Store<number> => {
  const store = openCount(room)
  overwrite.sync(store, 'count', 0)
  return store
}
const openCount = (room: string) => openFiles(room) as Store<unknown> as Store<number>
const addOne = ({ value }: { readonly value: number }) => value + 1

const incrementing: Work = {
  name: 'store, increment',
  ...{ calls, leave, standing: true },
  async: ours.async(withCount, store => store.update('count', addOne)),
  sync: {
    ...ours.sync(withCount, store => store.update.sync('count', addOne)),
    ...byTable(table => table.increment('count')),
  },
  floor: incrementFloor(),
  asked: { sync: { 'better-sqlite3': 1 } },
}

let made = 0
const newKey = () => `new${made++}`
const emptied = (act: (store: Shared) => Promise<unknown>): Record<string, Act> => byPeers(act) as Record<string, Act>

const creating: Work = {
  name: 'store, create 1 KiB',
  ...{ calls, leave, standing: true },
  weaker: names,
  async: {
    ...ours.async(files, store => store.create(newKey(), body(1))),
    ...emptied(store => store.set(newKey(), body(1))),
  },
  sync: {
    ...ours.sync(files, store => store.create.sync(newKey(), body(1))),
    ...byTable(table => table.create(newKey(), body(1))),
  },
  floor: createFloor(),
}

/** The same server and client, with our store over it, and used by hand. */
function onRedis(): { readonly bare: Act; readonly stored: Act } {
  const server = inRoom(
    room => startRedis(room),
    one => one.then(({ close }) => close()),
  )
  const client = async (room: string) => (await server(room)).client
  const bare = inRoom(async room => {
    const redis = await client(room)
    for (let nth = 0; nth < keys; nth++) await redis.set(keyOf(nth), JSON.stringify(body(nth)))
    return redis
  })
  const stored = inRoom(async room => {
    const store = redisStores.redisStore<ReturnType<typeof body>>(await client(room), { prefix: 'bench' })
    for (let nth = 0; nth < keys; nth++) await overwrite(store, keyOf(nth), body(nth))
    return store
  })
  return {
    bare: async (_, room) => JSON.parse((await (await bare(room)).get(key.redis())) ?? ''),
    stored: async (_, room) => (await stored(room)).get(key.redis()),
  }
}

const { bare, stored } = onRedis()

const gettingFromRedis: Work = {
  name: 'store, hit 1 KiB in Redis',
  ...{ calls, leave, standing: true },
  async: { ...(hasStore && { holdfast: stored }), redis: bare },
  sync: {},
  asked: { async: { redis: 1.3 } },
}

export const storing: Family = {
  name: 'store',
  works: [getting, gettingFromMemory, setting, incrementing, creating, ...(hasRedis ? [gettingFromRedis] : [])],
}
