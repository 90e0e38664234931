// Limits that several processes share: ours, and what one would use instead. Each way is a function that hits one key, and
// returns whether that is allowed.

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sqliteStore } from 'holdfast/sqlite'
import { limiter } from 'holdfast/store'
import { RateLimiterMemory, RateLimiterSQLite } from 'rate-limiter-flexible'
import { type Database, databases, openDatabase } from '../../run/databases.js'

export interface Limit {
  readonly limit: number
  /** Milliseconds. */
  readonly per: number
}

export interface Opened {
  /** Returns whether the hit is allowed. */
  hit(): Promise<boolean>
  close(): unknown
}

export type Way = (dir: string, limit: Limit) => Promise<Opened>

const key = 'key'

/** A refusal is no error, but what the package says of the limit. */
export const allowed = (refusal: unknown): false => {
  if (refusal instanceof Error) throw refusal
  return false
}

export const flexible = ({ limit, per }: Limit) => ({ points: limit, duration: per / 1000 })

export function openFlexible(db: Database, limit: Limit): Promise<RateLimiterSQLite> {
  // Its documentation says nothing of several processes: with less, its calls reject.
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 10000')
  return new Promise((resolve, reject) => {
    const options = { storeClient: db, storeType: 'better-sqlite3', tableName: 'limits', ...flexible(limit) }
    const opened: RateLimiterSQLite = new RateLimiterSQLite(options, error => (error ? reject(error) : resolve(opened)))
  })
}

const overSqlite =
  (open: (file: string) => Database): Way =>
  async (dir, limit) => {
    const db = open(join(dir, 'ours.db'))
    const limits = limiter(sqliteStore(db), limit)
    return { hit: async () => (await limits.hit(key)).allowed, close: () => db.close() }
  }

const ours: Record<string, Way> = {
  async holdfast(dir, limit) {
    const limits = limiter(join(dir, 'limits'), limit)
    return { hit: async () => (await limits.hit(key)).allowed, close: () => limits.close() }
  },
  ...(openDatabase && { 'holdfast, sqlite': overSqlite(openDatabase) }),
}

const better = databases['better-sqlite3']

const peers: Record<string, Way> = {
  async 'rate-limiter-flexible, memory'(_, limit) {
    const limits = new RateLimiterMemory(flexible(limit))
    return { hit: () => limits.consume(key).then(() => true, allowed), close: () => {} }
  },
  ...(better && {
    'rate-limiter-flexible, sqlite': async (dir: string, limit: Limit) => {
      const db = better(join(dir, 'flexible.db'))
      const limits = await openFlexible(db, limit)
      return { hit: () => limits.consume(key).then(() => true, allowed), close: () => db.close() }
    },
  }),
  /** A file for each key, written aside and renamed, as one would write it. */
  async 'by hand'(dir, { limit, per }) {
    await mkdir(join(dir, 'by-hand'), { recursive: true })
    const file = join(dir, 'by-hand', `${key}.json`)
    let serial = 0
    return {
      async hit() {
        const text = await readFile(file, 'utf8').catch(() => '{"count":0,"ends":0}')
        const { count, ends } = JSON.parse(text) as { count: number; ends: number }
        const isOver = Date.now() >= ends
        if (!isOver && count >= limit) return false
        const next = isOver ? { count: 1, ends: Date.now() + per } : { count: count + 1, ends }
        const aside = `${file}.${process.pid}.${++serial}`
        await writeFile(aside, JSON.stringify(next))
        await rename(aside, file)
        return true
      },
      close: () => {},
    }
  },
}

export const ways = { ...ours, ...peers }
/** It counts in the memory of one process. */
export const oneProcess = ['rate-limiter-flexible, memory']
