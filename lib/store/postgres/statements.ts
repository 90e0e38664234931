// The statements of a store in Postgres: one for each operation. What decides a commit is the `id` in its condition,
// which is used once, so a statement that arrives twice, or late, changes nothing.

import type { Draft } from '../backing.js'
import type { Name } from './table.js'

/** The clock of the server, in milliseconds since 1970. It moves within a transaction, too. */
export const clock = 'extract(epoch from clock_timestamp())::float8 * 1000'

const state = `id, lineage, kind, version, written, ends, stale, owner, fence, lease, last, ${clock} AS seen`
const changed = `written, ends, last, ${clock} AS seen`

/** When the value ends: at a time, or so long from now; null: never. */
const ends = `coalesce($6::float8, ${clock} + $7::float8)`
/** When the value came: at a time, or now. */
const written = `coalesce($12::float8, floor(${clock}))`
const shared = `$2::text, $3::text, $4::text, $5::text, ${written}, ${ends}, $8::float8, $9::text, $10::float8, $11::float8`

export interface Statements {
  readonly read: string
  readonly value: string
  readonly insert: string
  readonly update: string
  /** Like `update`, with the value that is there. */
  readonly touch: string
  /** Both, if the entry that is there has not ended. */
  readonly live: { readonly update: string; readonly touch: string }
  /**
   * `read`, once no change of the row is under way: one of those above that has found that the entry has not ended may
   * become visible when it has. From then on there is none.
   */
  readonly settled: string
  readonly remove: string
  readonly list: string
  readonly now: string
}

/** `announce`: what a commit adds to say that it was made. */
export function statementsFor(table: string, announce: string | undefined): Statements {
  const returning = `RETURNING ${changed}${announce === undefined ? '' : `, ${announce}`}`
  const set = `UPDATE ${table} SET (id, lineage, kind, version, written, ends, stale, owner, fence, lease) = (${shared}),
    last = greatest(last, $10::float8)`
  // The row is locked first, and the clock asked then: a condition alone is judged before the lock.
  const live = (set: string, id: string) =>
    `WITH held AS (SELECT ends AS until FROM ${table} WHERE name = $1::bytea AND id = ${id} FOR NO KEY UPDATE)
    ${set} FROM held WHERE name = $1::bytea AND id = ${id} AND until > ${clock} ${returning}`
  const read = `SELECT ${state}, value FROM ${table} WHERE name = $1::bytea`
  return {
    read,
    settled: `${read} FOR SHARE`,
    value: `SELECT value FROM ${table} WHERE name = $1::bytea AND version = $2::text AND kind = 'live'`,
    insert: `INSERT INTO ${table}
      (name, id, lineage, kind, version, written, ends, stale, owner, fence, lease, last, value, whole)
      VALUES ($1::bytea, ${shared}, coalesce($10::float8, 0), $13::bytea, $14::bytea)
      ON CONFLICT (name) DO NOTHING ${returning}`,
    update: `${set}, value = $13::bytea WHERE name = $1::bytea AND id = $14::text ${returning}`,
    touch: `${set} WHERE name = $1::bytea AND id = $13::text ${returning}`,
    live: { update: live(`${set}, value = $13::bytea`, '$14::text'), touch: live(set, '$13::text') },
    remove: `DELETE FROM ${table} WHERE name = $1::bytea AND id = $2::text ${returning}`,
    list: `SELECT ${state}, name, whole FROM ${table} WHERE name >= $1::bytea AND name < $2::bytea ORDER BY name LIMIT $3::int`,
    now: `SELECT ${clock} AS seen`,
  }
}

/** The parameters that `insert`, `update` and `touch` have in common. */
export function parametersOf({ name }: Name, to: Draft): unknown[] {
  const atMs = to.ends && 'atMs' in to.ends ? to.ends.atMs : null
  const inMs = to.ends && 'inMs' in to.ends ? to.ends.inMs : null
  const { owner = null, fence = null, leaseMs = null } = to.claim ?? {}
  const written = to.writtenAtMs ?? null
  return [
    name,
    to.id,
    to.lineage.join(' '),
    to.kind,
    to.version,
    atMs,
    inMs,
    to.staleMs,
    owner,
    fence,
    leaseMs,
    written,
  ]
}

/** Bytes as clients take them. */
export const bufferOf = (data: Uint8Array): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength)
