// `holdfast/sqlite`: a store of one machine and many keys, in a table of SQLite.

import { driveSync } from './core/drive.js'
import { asNumber } from './core/input.js'
import { checkNames } from './core/option-names.js'
import type { Store } from './store/contract.js'
import { openStore, type StoreOptions } from './store/open.js'
import { SqliteBacking } from './store/sqlite/backing.js'
import { asConnection, type SqliteLike } from './store/sqlite/connection.js'
import { asTable, openTable } from './store/sqlite/table.js'

export type { Codec } from './store/codec.js'
export type { Store } from './store/contract.js'
export type { StoreOptions } from './store/open.js'
export type { SqliteLike, SqliteStatement, SqlValue } from './store/sqlite/connection.js'

export interface SqliteStoreOptions<T> extends StoreOptions<T> {
  /**
   * The table that the store is in, which is made if it is missing: letters, digits and underscores. Stores with tables of
   * their own share a database. @default 'holdfast'
   */
  readonly table?: string | undefined
  /**
   * Milliseconds for which a statement is tried while another connection has the database locked; the first try takes as
   * long as the connection's own busy timeout. @default 10_000
   */
  readonly retryFor?: number | undefined
}

const optionNames = new Set([
  'codec',
  'maxValueBytes',
  'table',
  'retryFor',
] satisfies (keyof SqliteStoreOptions<unknown>)[])

/**
 * Opens, or makes, a store in a table of SQLite, for the processes of one machine and for many keys. `db` is a
 * `DatabaseSync` of node:sqlite or a `Database` of better-sqlite3; it stays open when the store is closed.
 *
 * Holds afterwards: the table is there, in the format that this version reads. The database has a write-ahead log, so a
 * call that reads waits for none that writes, and where the connection had no busy timeout, that is 5 seconds. Each change
 * is one statement whose condition is the state that was seen: of several processes that saw it, one replaces it, and one
 * that is killed at any point leaves the state before or the state after. A claim whose process has died is taken over at
 * once.
 *
 * Not promised: that a change outlives a power cut: `PRAGMA synchronous` says that, and stays as it is. That a call does
 * not block: SQLite runs in the thread that calls it, in the promise form as well, and waits there while another
 * connection writes, for as long as the busy timeout says. That no entry is seen to come back that ends in the very moment in
 * which it is touched: its end is judged under the lock, but what is judged is seen by others when it is written.
 * A caller that has a transaction open on the connection reads what that transaction sees, and changes nothing
 * (`ERR_OPEN_TRANSACTION`): what a store reports as done must not be rolled back.
 *
 * @param db An open database of `node:sqlite` or better-sqlite3; it stays yours, and is not closed.
 * @param options `table`, `codec`, `maxValueBytes`, `retryFor`: see `SqliteStoreOptions`.
 * @returns A store whose functions have their `sync` form, too.
 * @throws `ERR_NOT_LOCAL`: the database is not on a local filesystem, where several processes may use it.
 *   `ERR_STORE_FORMAT`: the table is no store, or one of another version. `ERR_OPEN_TRANSACTION`: the caller has a
 *   transaction open. `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`: bad input. SQLite's own error, unchanged, if
 *   anything else goes wrong. The functions of the store throw as `Store` says; after an error of the disk that leaves it
 *   open whether the change was made, `ERR_UNKNOWN_OUTCOME`.
 *
 * @example
 * import { DatabaseSync } from 'node:sqlite'
 * const sessions = sqliteStore(new DatabaseSync('sessions.db'), { table: 'sessions' })
 * const { ok } = await sessions.create('s1', { user: 7 }, { ttl: 3_600_000 })
 *
 * Source of the protocol: compare-and-swap as a conditional UPDATE; the table is made under BEGIN IMMEDIATE.
 */
export function sqliteStore<T = unknown>(db: SqliteLike, options: SqliteStoreOptions<T> = {}): Store<T> {
  checkNames(options, optionNames, 'options')
  const { table: name, retryFor, ...rest } = options
  const connection = asConnection(db)
  const table = asTable(name)
  const retryForMs = asNumber(retryFor, 'options.retryFor', 10_000)
  driveSync(openTable(connection, table, retryForMs))
  return openStore<T>(new SqliteBacking(connection, table, retryForMs), rest)
}
