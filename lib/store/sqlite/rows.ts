// A row of a store's table, and the statements that read and replace it. Each commit is one statement, with the state that
// was seen as its condition: of several connections that saw one state, SQLite lets one replace it.

import type { Draft, Kept } from '../backing.js'
import { storeFormat } from '../format.js'
import { parseState, spellState } from '../state-text.js'
import { type Prepared, prepare, type SqliteLike, type SqlValue } from './connection.js'

/** The format that this version of the package writes, and reads. */
export const format = 1

export interface StateRow {
  readonly id: string
  /** When it ends; null: never. */
  readonly ends: number | null
  /** Its other words (../state-text.ts). */
  readonly state: string
}

export interface ValueRow {
  readonly value: Uint8Array | null
}

export interface KeyRow {
  readonly k: Uint8Array
}

export interface Statements {
  readonly read: Prepared<StateRow & ValueRow>
  readonly there: Prepared<object>
  readonly page: Prepared<StateRow & KeyRow>
  readonly insert: Prepared<never>
  readonly replace: Prepared<never>
  /** The same, and the value stays. */
  readonly advance: Prepared<never>
  readonly remove: Prepared<never>
}

export function prepareAll(db: SqliteLike, table: string): Statements {
  const isThat = 'WHERE k = ? AND id = ?'
  const set = 'SET id = ?, ends = ?, state = ?'
  return {
    read: prepare(db, `SELECT id, ends, state, value FROM ${table} WHERE k = ?`),
    there: prepare(db, `SELECT 1 AS there FROM ${table} ${isThat}`),
    page: prepare(db, `SELECT k, id, ends, state FROM ${table} WHERE k >= ? AND k < ? ORDER BY k LIMIT ?`),
    insert: prepare(
      db,
      `INSERT INTO ${table} (id, ends, state, value, k) VALUES (?, ?, ?, ?, ?) ON CONFLICT (k) DO NOTHING`,
    ),
    replace: prepare(db, `UPDATE ${table} ${set}, value = ? ${isThat} ${whileLive}`),
    advance: prepare(db, `UPDATE ${table} ${set} ${isThat} ${whileLive}`),
    remove: prepare(db, `DELETE FROM ${table} ${isThat}`),
  }
}

/**
 * The last parameter: 1 if the entry must not have ended. A statement may have waited for other connections, so the clock is
 * SQLite's, which asks for the time when it has the lock: in days since the beginning of the year -4712.
 */
const whileLive = "AND (? = 0 OR ends > (julianday('now') - 2440587.5) * 86400000.0)"

/** The columns of a state, in the order of the statements. */
export const columnsOf = (
  to: Draft,
  from: Kept | undefined,
  { writtenAtMs, endsAtMs }: Pick<Kept, 'writtenAtMs' | 'endsAtMs'>,
): SqlValue[] => [to.id, endsAtMs ?? null, `${writtenAtMs} ${spellState(to, from)}`]

/** Throws if the row is not one of a store. */
export function keptOfRow({ id, ends, state }: StateRow, readAtMs: number, data: Kept['data']): Kept {
  const kept = parseState(id, state, ends ?? undefined, readAtMs, data)
  if (kept) return kept
  throw storeFormat('a row', state, format)
}
