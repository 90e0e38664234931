// A store's table: made by the first connection that opens the store, and checked by every other.

import { refusal } from '../../core/input.js'
import { fs, type Steps } from '../../core/steps.js'
import { storeFormat } from '../format.js'
import { whenFree } from './busy.js'
import { isInTransaction, isSqliteError, prepare, type SqliteLike } from './connection.js'
import { format } from './rows.js'

/** No key is empty, so the row of this key is free to say the format. */
export const formatKey = Buffer.alloc(0)

/** Milliseconds. Node's own default is none, and then every second writer fails at once. */
const busyTimeoutMs = 5_000

/** Returns the name as SQL spells it. Only names that need no escape are allowed, so none can be mistaken. */
export function asTable(value: unknown): string {
  if (value === undefined) return '"holdfast"'
  if (typeof value !== 'string') throw refusal('ERR_INVALID_ARG_TYPE', 'options.table', 'of type string', value)
  if (/^(?!sqlite_)[a-z_][a-z0-9_]{0,62}$/i.test(value)) return `"${value}"`
  const expected =
    'a name of letters, digits and underscores, at most 63, that begins with no digit and not with sqlite_'
  throw refusal('ERR_INVALID_ARG_VALUE', 'options.table', expected, value)
}

export function* openTable(db: SqliteLike, table: string, retryFor: number): Steps<void> {
  checkNoTransaction(db)
  const file = fileOf(db)
  yield* checkPlace(file)
  setPatience(db)
  // Whether it is there already is asked first, because that takes no lock, and a connection that only reads may open it.
  if (!(yield* whenFree(() => isReady(db, table), retryFor))) yield* whenFree(() => makeTable(db, table), retryFor)
  if (file !== '') yield* whenFree(() => keepLog(db), retryFor)
}

/** What the store reports as done could be rolled back with the caller's own work, so it does nothing in a transaction. */
export function checkNoTransaction(db: SqliteLike): void {
  if (!isInTransaction(db)) return
  const message =
    'The connection has a transaction open, and the store changes nothing inside one: pass it a connection of its own'
  throw Object.assign(new Error(message), { code: 'ERR_OPEN_TRANSACTION' })
}

/** The path of the database; empty if it is in memory, or a temporary one. */
function fileOf(db: SqliteLike): string {
  const all = prepare<{ name: string; file: string | null }>(db, 'PRAGMA database_list').all()
  return all.find(({ name }) => name === 'main')?.file ?? ''
}

/** Its processes share memory, and locks that a network filesystem does not keep, so all must be on one machine. */
function* checkPlace(file: string): Steps<void> {
  if (file === '' || !showsPlaces.has(process.platform) || (yield* fs.local(file))) return
  const message = `The database is not on a local filesystem, where SQLite keeps its promises to several processes: ${file}`
  throw Object.assign(new Error(message), { code: 'ERR_NOT_LOCAL', path: file })
}

/** Elsewhere the system does not say which filesystems are local. */
const showsPlaces: ReadonlySet<string> = new Set(['linux', 'android', 'darwin', 'win32'])

/** A timeout of the caller's own stays as it is. */
function setPatience(db: SqliteLike): void {
  const { timeout } = prepare<{ timeout: number }>(db, 'PRAGMA busy_timeout').get() ?? {}
  if (!timeout) db.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
}

function isReady(db: SqliteLike, table: string): boolean {
  const named = prepare<object>(
    db,
    "SELECT 1 AS there FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE",
  )
  return named.get(table.slice(1, -1)) !== undefined && checkFormat(db, table)
}

/** Returns false if the table is empty: then it says no format. */
function checkFormat(db: SqliteLike, table: string): boolean {
  let found: { id: string } | undefined
  let isEmpty: boolean
  try {
    found = prepare<{ id: string }>(db, `SELECT id FROM ${table} WHERE k = ?`).get(formatKey)
    isEmpty = !found && prepare<object>(db, `SELECT k FROM ${table} LIMIT 1`).get() === undefined
  } catch (error) {
    if (isSqliteError(error, 'BUSY', 'LOCKED', 'PROTOCOL', 'IOERR')) throw error
    throw storeFormat(`the table ${table}`, 'none of a store', format, error)
  }
  if (found?.id === `${format}`) return true
  if (isEmpty) return false
  throw storeFormat(`the table ${table}`, found?.id ?? 'none of a store', format)
}

function makeTable(db: SqliteLike, table: string): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    db.exec(`CREATE TABLE IF NOT EXISTS ${table} (
      k BLOB PRIMARY KEY NOT NULL, id TEXT NOT NULL, ends REAL, state TEXT, value BLOB)`)
    if (!checkFormat(db, table)) prepare(db, `INSERT INTO ${table} (k, id) VALUES (?, ?)`).run(formatKey, `${format}`)
    db.exec('COMMIT')
  } catch (error) {
    rollBack(db)
    throw error
  }
}

/** SQLite itself has rolled back after some failures, and then there is nothing to do. */
function rollBack(db: SqliteLike): void {
  try {
    db.exec('ROLLBACK')
  } catch {
    // The error that came first says what is wrong.
  }
}

/** With a log, those that read wait for none that writes. A database that cannot have one works all the same. */
function keepLog(db: SqliteLike): void {
  const { journal_mode: mode } = prepare<{ journal_mode: string }>(db, 'PRAGMA journal_mode').get() ?? {}
  if (mode !== 'delete' && mode !== 'truncate' && mode !== 'persist') return
  try {
    prepare(db, 'PRAGMA journal_mode = WAL').get()
  } catch (error) {
    if (!isSqliteError(error, 'READONLY')) throw error
  }
}
