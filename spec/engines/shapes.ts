// The types of the real clients fit: it compiles, and nothing runs it. The package itself knows them by shape only.

import type { DatabaseSync } from 'node:sqlite'
import type { S3 } from '@aws-sdk/client-s3'
import type { AwsClient } from 'aws4fetch'
import type BetterSqlite3 from 'better-sqlite3'
import type { Cluster, Redis } from 'ioredis'
import type { Client, Pool } from 'pg'
import type postgres from 'postgres'
import type { createClient, createClientPool, createCluster, createSentinel } from 'redis'
import type { createClient as createClient4, createCluster as createCluster4 } from 'redis-4'
import { postgresStore } from '../../dist/lib/postgres.js'
import { redisStore } from '../../dist/lib/redis.js'
import { s3Store } from '../../dist/lib/s3.js'
import { sqliteStore } from '../../dist/lib/sqlite.js'

export const inSqlite = (node: DatabaseSync, better: BetterSqlite3.Database) => [
  sqliteStore<number>(node),
  sqliteStore<number>(better, { table: 'numbers' }),
]

export const inRedis = (
  node: ReturnType<typeof createClient>,
  pool: ReturnType<typeof createClientPool>,
  cluster: ReturnType<typeof createCluster>,
  sentinel: ReturnType<typeof createSentinel>,
  node4: ReturnType<typeof createClient4>,
  cluster4: ReturnType<typeof createCluster4>,
  io: Redis,
  ioCluster: Cluster,
) => [
  redisStore<number>(node, { prefix: 'p', subscriber: node }),
  redisStore<number>(pool, { prefix: 'p' }),
  redisStore<number>(cluster, { prefix: 'p', subscriber: node }),
  redisStore<number>(sentinel, { prefix: 'p' }),
  redisStore<number>(node4, { prefix: 'p', subscriber: node4 }),
  redisStore<number>(cluster4, { prefix: 'p' }),
  redisStore<number>(io, { prefix: 'p', subscriber: io }),
  redisStore<number>(ioCluster, { prefix: 'p', subscriber: ioCluster }),
  redisStore<number>(
    { send: (args, key) => io.callBuffer(args[0] as string, ...args.slice(1), key as string) },
    { prefix: 'p' },
  ),
]

export const inPostgres = (pool: Pool, client: Client, sql: postgres.Sql) => [
  postgresStore<number>(pool, { table: 'numbers', listener: client }),
  postgresStore<number>(client),
  postgresStore<number>(sql, { listener: sql }),
]

export const inS3 = (aws4fetch: AwsClient, s3: S3) => {
  const options = { bucket: 'b', prefix: 'p/', endpoint: 'https://s3.eu-central-1.amazonaws.com' }
  return [
    s3Store<number>(aws4fetch, options),
    s3Store<number>((url, init) => aws4fetch.fetch(url, init), options),
    s3Store<number>(fetch, options),
    s3Store<number>(s3, options),
  ]
}
