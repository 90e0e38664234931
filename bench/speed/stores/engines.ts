// The stores that take part in the works: ours on its engines, and SQLite used by hand.

import { join } from 'node:path'
import type { Store } from 'holdfast/store'
import * as stores from 'holdfast/store'
import type { Database } from '../../run/databases.js'
import { body, inRoom, keyOf, keys } from './rooms.js'

type Body = ReturnType<typeof body>

/** Is there a store in the build that takes part? An earlier one may have none, and then these are undefined. */
export const hasStore = 'fileStore' in stores
export const { fileStore, memo, overwrite } = stores

/** What is measured of a store is what it does for each call, so no store waits for the disk. */
export const openFiles = (room: string): Store<Body> => fileStore<Body>(join(room, 'store'), { durability: 'none' })

export const openBytes = (room: string): Store<Uint8Array> =>
  fileStore<Uint8Array>(join(room, 'store'), { durability: 'none', codec: 'bytes' })

/** Lays the keys. */
export function laid<T>(store: Store<T>, value: (nth: number) => T): Store<T> {
  for (let nth = 0; nth < keys; nth++) overwrite.sync(store, keyOf(nth), value(nth))
  return store
}

/** A table of keys and values, as one writes it by hand. */
export class Table {
  readonly #get
  readonly #set
  readonly #create
  readonly #increment

  constructor(readonly db: Database) {
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000')
    db.exec('CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value TEXT, number INTEGER) WITHOUT ROWID')
    const insert = 'INSERT INTO kept (key, value, number) VALUES (?, ?, 1) ON CONFLICT (key) DO'
    this.#get = db.prepare('SELECT value FROM kept WHERE key = ?')
    this.#set = db.prepare(`${insert} UPDATE SET value = excluded.value`)
    this.#create = db.prepare(`${insert} NOTHING`)
    this.#increment = db.prepare(`${insert} UPDATE SET number = number + 1`)
  }

  get(key: string): unknown {
    const row = this.#get.get(key) as { value: string } | undefined
    return row && JSON.parse(row.value)
  }

  bytes(key: string): unknown {
    return (this.#get.get(key) as { value: Uint8Array } | undefined)?.value
  }

  setBytes(key: string, value: Uint8Array): void {
    this.#set.run(key, value)
  }

  set(key: string, value: unknown): void {
    this.#set.run(key, JSON.stringify(value))
  }

  create(key: string, value: unknown): void {
    this.#create.run(key, JSON.stringify(value))
  }

  increment(key: string): void {
    this.#increment.run(key, 'null')
  }

  close(): void {
    this.db.close()
  }
}

/** Opens a table for each room, with the keys in it; in `bytes`, their values are no JSON. */
export const tableIn = (database: (file: string) => Database, bytes?: Uint8Array): ((room: string) => Table) =>
  inRoom(
    room => {
      const table = new Table(database(join(room, 'database')))
      for (let nth = 0; nth < keys; nth++)
        if (bytes) table.setBytes(keyOf(nth), bytes)
        else table.set(keyOf(nth), body(nth))
      for (let nth = 0; nth < keys; nth++) table.bytes(keyOf(nth))
      return table
    },
    table => table.close(),
  )
