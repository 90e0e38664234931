// Real processes share a store in Redis, and some are killed.

import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { redisStore } from 'holdfast/redis'
import type { Store } from 'holdfast/store'
import { contender } from 'holdfast/testing'
import { afterwards, raced, scratch, sized } from '../../support/kit.js'
import { noRedisStore, redisClient } from '../../support/redis-engines.js'
import { type RedisProcess, startRedis } from '../../support/redis-server.js'
import {
  isLong,
  raceCareless,
  raceCarelessRotators,
  storePlays,
  storeRaces,
  textAt,
} from '../../support/store-races.js'

const openAt = async (name: string, dir: string): Promise<Store<unknown>> => {
  const { client } = await redisClient(name).connect(Number(textAt(dir, 'port')))
  return redisStore(client, { prefix: basename(dir) })
}

/** One server for all races. */
let shared: Promise<RedisProcess> | undefined
const startOnce = (): Promise<RedisProcess> => {
  shared ??= startRedis()
  return shared
}
afterwards(async () => (await shared)?.stop())

const names = ['redis', 'ioredis'] as const
const plays = Object.assign({}, ...names.map(name => storePlays(name, dir => openAt(name, dir))))

// The races that careless processes lose are run on SQLite, and at full size here, too.
const careless = [raceCareless, raceCarelessRotators]
const races = sized(
  storeRaces.filter(([, run]) => !careless.includes(run) && !isLong(run)),
  storeRaces,
)

if (!contender(plays))
  // Each race through one of the clients, and through both at full size.
  for (const [at, [title, run]] of races.entries())
    for (const name of sized<readonly string[]>([names[at % 2] as string], names)) {
      if (noRedisStore) raced.skip(`${name}: ${title}`, noRedisStore)
      else
        raced(`${name}: ${title}`, async () => {
          const dir = scratch()
          const { port } = await startOnce()
          const { client, close } = await redisClient(name).connect(port)
          writeFileSync(join(dir, 'port'), `${port}`)
          try {
            await run({ file: import.meta.url, name, dir, store: redisStore(client, { prefix: basename(dir) }) })
          } finally {
            await close()
          }
        })
    }
