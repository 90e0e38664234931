// Real processes hit one key, over many windows, on each engine; some are killed.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { redisStore } from 'holdfast/redis'
import { sqliteStore } from 'holdfast/sqlite'
import { fileStore, type Store } from 'holdfast/store'
import { contender } from 'holdfast/testing'
import { places, raced, scratch, sized } from '../../support/kit.js'
import { limiterPlays, raceAll, raceCarelessLimiter, raceKills, raceKinds } from '../../support/limiter-race.js'
import { noRedisStore, redisClient } from '../../support/redis-engines.js'
import { startRedis } from '../../support/redis-server.js'
import { openForRace, sqlites } from '../../support/sqlite-engines.js'
import { textAt } from '../../support/store-races.js'

const filesAt = (dir: string): Store<unknown> => fileStore(join(dir, 'store'), { durability: 'none' })

const sqlite = sqlites.find(({ why }) => why === undefined)
const sqliteAt = (dir: string): Store<unknown> =>
  sqliteStore(openForRace(sqlite as NonNullable<typeof sqlite>, join(dir, 'store.db')))

const redisAt = async (dir: string): Promise<Store<unknown>> => {
  const { client } = await redisClient('ioredis').connect(Number(textAt(dir, 'port')))
  return redisStore(client, { prefix: 'race' })
}

const plays = {
  ...limiterPlays('files', async dir => filesAt(dir)),
  ...limiterPlays('sqlite', async dir => sqliteAt(dir)),
  ...limiterPlays('redis', redisAt),
}

type Run = typeof raceKinds

const races: readonly (readonly [title: string, run: Run])[] = [
  ['in every window, what is counted is what was allowed, and none is over its limit', raceKinds],
  ['who is killed inside a hit leaves at most one that was not heard of', raceKills],
]

/** Where each race is run that takes its place by itself: all of them everywhere at full size. */
const runsIn = (engine: string, run: Run): boolean =>
  sized(engine !== (run === raceKinds ? 'ext4' : 'tmpfs') && !(engine === 'sqlite' && run === raceKills), true)

if (!contender(plays)) {
  const files = (dir: string) => ({ file: import.meta.url, name: 'files', dir, store: filesAt(dir) })
  const inMemory = () => files(scratch(places.at(-1)?.dir))
  raced('of three rules at once all count a hit or none, and the same race catches a counter for each', () =>
    raceAll(inMemory()),
  )
  raced('the same race catches a limiter that reads, and then writes', () => raceCarelessLimiter(inMemory()))

  for (const [title, run] of races) {
    for (const { kind, dir } of places)
      if (runsIn(kind, run) || places.length === 1) raced(`files on ${kind}: ${title}`, () => run(files(scratch(dir))))
    if (!sqlite) raced.skip(`sqlite: ${title}`, 'there is no SQLite here')
    else if (runsIn('sqlite', run))
      raced(`sqlite: ${title}`, async () => {
        const dir = scratch()
        await run({ file: import.meta.url, name: 'sqlite', dir, store: sqliteAt(dir) })
      })
    if (noRedisStore) raced.skip(`redis: ${title}`, noRedisStore)
    else
      raced(`redis: ${title}`, async () => {
        const dir = scratch()
        const server = await startRedis()
        const { client, close } = await redisClient('ioredis').connect(server.port)
        writeFileSync(join(dir, 'port'), `${server.port}`)
        try {
          await run({ file: import.meta.url, name: 'redis', dir, store: redisStore(client, { prefix: 'race' }) })
        } finally {
          await close()
          await server.stop()
        }
      })
  }
}
