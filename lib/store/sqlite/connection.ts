// The connections that users pass in, known by what they can do, and seen as one: a `DatabaseSync` of node:sqlite and a
// `Database` of better-sqlite3. Nothing else in this package knows which of the two it has.

import { refusal } from '../../core/input.js'

export type SqlValue = string | number | null | Uint8Array

export interface SqliteStatement {
  run(...values: SqlValue[]): { readonly changes: number | bigint }
  get(...values: SqlValue[]): unknown
  all(...values: SqlValue[]): unknown[]
}

/** What is used of a connection to SQLite. */
export interface SqliteLike {
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
}

/** A statement that is kept for the next call. */
export interface Prepared<Row> {
  /** Returns how many rows were changed. */
  run(...values: SqlValue[]): number
  get(...values: SqlValue[]): Row | undefined
  all(...values: SqlValue[]): Row[]
}

export function asConnection(value: unknown): SqliteLike {
  const { exec, prepare } = (value ?? {}) as Partial<SqliteLike>
  if (typeof exec === 'function' && typeof prepare === 'function') return value as SqliteLike
  throw refusal('ERR_INVALID_ARG_TYPE', 'db', 'a DatabaseSync of node:sqlite or a Database of better-sqlite3', value)
}

/** How a caller may have set up the connection, and each has its own names for that. */
interface Settings {
  readonly safeIntegers?: (on: boolean) => unknown
  readonly setReadBigInts?: (on: boolean) => unknown
  readonly setReturnArrays?: (on: boolean) => unknown
}

/** Prepares a statement whose rows are objects and whose numbers are numbers, however the connection is set up. */
export function prepare<Row>(db: SqliteLike, sql: string): Prepared<Row> {
  const statement = db.prepare(sql) as SqliteStatement & Settings
  statement.safeIntegers?.(false)
  statement.setReadBigInts?.(false)
  statement.setReturnArrays?.(false)
  return {
    run: (...values) => Number(statement.run(...values).changes),
    get: (...values) => (statement.get(...values) ?? undefined) as Row | undefined,
    all: (...values) => statement.all(...values) as Row[],
  }
}

/** Has the caller a transaction open? node:sqlite says it from Node 22.16 on. */
export function isInTransaction(db: SqliteLike): boolean {
  const { inTransaction, isTransaction } = db as { inTransaction?: boolean; isTransaction?: boolean }
  return inTransaction ?? isTransaction ?? false
}

/** The primary codes that are of interest here. */
const numbers = { BUSY: 5, LOCKED: 6, READONLY: 8, IOERR: 10, PROTOCOL: 15 } as const
type Primary = keyof typeof numbers

/** Did SQLite report this? better-sqlite3 spells codes as text, node:sqlite as numbers, whose upper bits say more. */
export function isSqliteError(error: unknown, ...primaries: readonly Primary[]): boolean {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown }
  return primaries.some(
    one =>
      (typeof errcode === 'number' && (errcode & 0xff) === numbers[one]) ||
      (typeof code === 'string' && (code === `SQLITE_${one}` || code.startsWith(`SQLITE_${one}_`))),
  )
}
