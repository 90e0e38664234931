// Hits of rate limits that allow them, by one process.

import { join } from 'node:path'
import Bottleneck from 'bottleneck'
import * as redisStores from 'holdfast/redis'
import * as stores from 'holdfast/store'
import { RateLimiter } from 'limiter'
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible'
import { flexible, openFlexible } from '../races/limits/ways.js'
import { databases } from '../run/databases.js'
import { hasRedis, startRedis } from './stores/redis.js'
import { inRoom, leave } from './stores/rooms.js'
import type { Act, Family, Work } from './work.js'

/** So much that no hit is denied. */
const rule = { limit: 1e9, per: 3_600_000 }
/** An earlier build may have none. */
const { limiter } = stores
const hasLimiter = 'limiter' in stores

const calls = 400
const common = { calls, leave, standing: true } as const
/** One, as a limit that is hit often has. */
const key = 'key'

const onFiles = inRoom(
  room => limiter(join(room, 'limits'), rule),
  limits => limits.close(),
)
const better = databases['better-sqlite3']
const onSqlite =
  better &&
  inRoom(
    room => {
      const db = better(join(room, 'flexible.db'))
      return { db, limits: openFlexible(db, rule) }
    },
    ({ db }) => db.close(),
  )

const filed: Work = {
  name: 'limit, hit on files',
  ...common,
  async: {
    ...(hasLimiter && { holdfast: (_, room) => onFiles(room).hit(key) }),
    ...(onSqlite && {
      'rate-limiter-flexible, sqlite': async (_: string, room: string) => (await onSqlite(room).limits).consume(key),
    }),
  },
  sync: { ...(hasLimiter && { holdfast: (_, room) => onFiles(room).hit.sync(key) }) },
  asked: { async: { 'rate-limiter-flexible, sqlite': 1 / 3 } },
}

const inMemory = inRoom(() => limiter(stores.memoryStore(), rule))
const flexibleInMemory = inRoom(() => new RateLimiterMemory(flexible(rule)))
const tokens = inRoom(() => new RateLimiter({ tokensPerInterval: rule.limit, interval: 'hour' }))
const bottleneck = inRoom(
  () => new Bottleneck({ reservoir: rule.limit }),
  one => one.disconnect(),
)

const memorized: Work = {
  name: 'limit, hit in memory',
  ...common,
  // These two have no keys: one object is one limit.
  weaker: ['limiter', 'bottleneck'],
  async: {
    ...(hasLimiter && { holdfast: (_, room) => inMemory(room).hit(key) }),
    'rate-limiter-flexible, memory': (_, room) => flexibleInMemory(room).consume(key),
    limiter: (_, room) => tokens(room).removeTokens(1),
    bottleneck: (_, room) => bottleneck(room).schedule(async () => {}),
  },
  sync: {},
  asked: { async: { 'rate-limiter-flexible, memory': 1.5 } },
}

/** The same server and client for both. */
function onRedis(): { readonly ours: Act; readonly flexible: Act } {
  const server = inRoom(
    room => startRedis(room),
    one => one.then(({ close }) => close()),
  )
  const ours = inRoom(async room => {
    const { client } = await server(room)
    return limiter(redisStores.redisStore(client, { prefix: 'bench' }), rule)
  })
  const theirs = inRoom(async room => {
    const { client } = await server(room)
    return new RateLimiterRedis({ storeClient: client, useRedisPackage: true, ...flexible(rule) })
  })
  return {
    ours: async (_, room) => (await ours(room)).hit(key),
    flexible: async (_, room) => (await theirs(room)).consume(key),
  }
}

const redis = onRedis()

const served: Work = {
  name: 'limit, hit in Redis',
  ...common,
  async: { ...(hasLimiter && { holdfast: redis.ours }), 'rate-limiter-flexible, redis': redis.flexible },
  sync: {},
  asked: { async: { 'rate-limiter-flexible, redis': 1.25 } },
}

export const limiting: Family = { name: 'limit', works: [filed, memorized, ...(hasRedis ? [served] : [])] }
