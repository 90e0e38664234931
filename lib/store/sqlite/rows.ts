// A row of a store's table, and the statements that read and replace it. Each commit is one statement, with the state that
// was seen as its condition: of several connections that saw one state, SQLite lets one replace it.

import type { Draft, Kept } from '../backing.js'
import { lastFenceOf } from '../kept.js'
import { type Prepared, prepare, type SqliteLike, type SqlValue } from './connection.js'

/** The columns of a state. */
export interface StateRow {
  readonly id: string
  readonly lineage: string
  readonly kind: Kept['kind']
  readonly version: string
  readonly ends: number | null
  readonly stale: number
  readonly owner: string | null
  readonly fence: number
  readonly lease: number | null
}

export interface ValueRow {
  readonly value: Uint8Array | null
}

export interface KeyRow {
  readonly k: Uint8Array
}

const stateColumns = ['id', 'lineage', 'kind', 'version', 'ends', 'stale', 'owner', 'fence', 'lease']

export interface Statements {
  readonly read: Prepared<StateRow & ValueRow>
  /** The value of a version: a touch or a claim leaves that as it is. */
  readonly value: Prepared<ValueRow>
  readonly there: Prepared<object>
  readonly page: Prepared<StateRow & KeyRow>
  readonly insert: Prepared<never>
  readonly replace: Prepared<never>
  /** The same, and the value stays. */
  readonly advance: Prepared<never>
  readonly remove: Prepared<never>
}

export function prepareAll(db: SqliteLike, table: string): Statements {
  const columns = stateColumns.join(', ')
  const set = stateColumns.map(name => `${name} = ?`).join(', ')
  const values = [...stateColumns, 'k', 'value'].map(() => '?').join(', ')
  const isThat = 'WHERE k = ? AND id = ?'
  return {
    read: prepare(db, `SELECT ${columns}, value FROM ${table} WHERE k = ?`),
    value: prepare(db, `SELECT value FROM ${table} WHERE k = ? AND version = ?`),
    there: prepare(db, `SELECT 1 AS there FROM ${table} ${isThat}`),
    page: prepare(db, `SELECT k, ${columns} FROM ${table} WHERE k >= ? AND k < ? ORDER BY k LIMIT ?`),
    insert: prepare(db, `INSERT INTO ${table} (${columns}, value, k) VALUES (${values}) ON CONFLICT (k) DO NOTHING`),
    replace: prepare(db, `UPDATE ${table} SET ${set}, value = ? ${isThat}`),
    advance: prepare(db, `UPDATE ${table} SET ${set} ${isThat}`),
    remove: prepare(db, `DELETE FROM ${table} ${isThat}`),
  }
}

/** The columns of a state in their order. */
export function spell(to: Draft, from: Kept | undefined, endsAtMs: number | undefined): SqlValue[] {
  const { id, lineage, kind, version, staleMs, claim } = to
  const fence = Math.max(claim?.fence ?? 0, lastFenceOf(from))
  const words = lineage.join(' ')
  return [id, words, kind, version, endsAtMs ?? null, staleMs, claim?.owner ?? null, fence, claim?.leaseMs ?? null]
}

export function keptOfRow(row: StateRow, readAtMs: number, data: Kept['data']): Kept {
  const { id, lineage, kind, version, ends, stale, owner, fence, lease } = row
  return {
    id,
    lineage: lineage === '' ? [] : lineage.split(' '),
    kind,
    version,
    endsAtMs: ends ?? undefined,
    staleMs: stale,
    claim: owner === null ? undefined : { owner, fence, leaseMs: lease ?? Number.POSITIVE_INFINITY },
    readAtMs,
    lastFence: fence,
    data,
  }
}
