// The table of a store in Postgres. It is made by the call that finds none; the row with the empty name says its
// format.

import { createHash } from 'node:crypto'
import { refusal } from '../../core/input.js'
import type { Steps } from '../../core/steps.js'
import { storeFormat } from '../format.js'
import { Tries } from '../remote/pause.js'
import type { Database, Row } from './client.js'
import { failureOf, hasState } from './failures.js'

const format = 1

/** Bytes of a key that lie in its name. An index takes 2,704 bytes of an entry, and keys may be longer. */
const longestNameBytes = 1_000

/** Returns the name of the table as SQL spells it. */
export function asTable(value: unknown = 'holdfast'): string {
  if (typeof value !== 'string') throw refusal('ERR_INVALID_ARG_TYPE', 'options.table', 'of type string', value)
  const parts = value.split('.')
  const isName = (part: string) => part !== '' && !part.includes('\0') && Buffer.byteLength(part) <= 63
  if (parts.length > 2 || !parts.every(isName))
    throw refusal('ERR_INVALID_ARG_VALUE', 'options.table', "a name, or 'schema.name', each of 1 to 63 bytes", value)
  return parts.map(part => `"${part.replaceAll('"', '""')}"`).join('.')
}

/** A key as the table's index has it. Names sort as the bytes of their keys do, so keys are listed by ranges. */
export interface Name {
  readonly name: Buffer
  /** The whole key, if its name has only a part of it. */
  readonly whole: Buffer | null
}

export function nameOf(key: string): Name {
  const whole = Buffer.from(key)
  if (whole.length <= longestNameBytes) return { name: whole, whole: null }
  const sum = createHash('sha256').update(whole).digest()
  return { name: Buffer.concat([whole.subarray(0, longestNameBytes), sum]), whole }
}

/** The names of all keys with a beginning: from the first up to, and without, the second. No name is empty. */
export function rangeOf(prefix: string): readonly [from: Buffer, to: Buffer] {
  const from = Buffer.from(prefix).subarray(0, longestNameBytes)
  // No byte of UTF-8 is 0xff.
  const to = Buffer.from(from.length === 0 ? [0xff] : from)
  if (from.length > 0) to[to.length - 1] = (to.at(-1) as number) + 1
  return [from.length === 0 ? Buffer.from([0]) : from, to]
}

const columns = `
  name bytea PRIMARY KEY, whole bytea, id text NOT NULL, lineage text NOT NULL, kind text NOT NULL, version text NOT NULL,
  written double precision NOT NULL, ends double precision, stale double precision NOT NULL, owner text, fence double precision, lease double precision,
  last double precision NOT NULL, value bytea`

/** Makes the table if there is none, and checks its format. */
export function* openTable(db: Database, table: string): Steps<void> {
  const tries = new Tries(db.limits.retryForMs)
  for (;;) {
    try {
      const rows = yield* db.look(`SELECT kind, version FROM ${table} WHERE name = '\\x'::bytea`, [])
      if (rows[0]) return checkFormat(rows[0], table)
      yield* db.run(formatRow(table), [])
    } catch (error) {
      if (!hasState(error, '42P01')) yield* orAgain(error, table, tries)
      else yield* makeTable(db, table, tries)
    }
  }
}

function* makeTable(db: Database, table: string, tries: Tries): Steps<void> {
  try {
    yield* db.run(`CREATE TABLE IF NOT EXISTS ${table} (${columns})`, [])
  } catch (error) {
    // IF NOT EXISTS is no protection from another that makes it at the same time: the catalogue then has it twice.
    if (!hasState(error, '23505', '42P07', '42710', 'XX000')) yield* orAgain(error, table, tries)
    else yield* tries.again(error)
  }
}

/** All of it may be repeated, so it does not matter whether a statement in doubt was carried out. */
function* orAgain(error: unknown, table: string, tries: Tries): Steps<void> {
  if (hasState(error, '42703')) throw storeFormat(`the table ${table}`, 'unknown', format, error)
  if (failureOf(error) === 'refused') throw error
  yield* tries.again(error)
}

const formatRow = (table: string): string =>
  `INSERT INTO ${table} (name, id, lineage, kind, version, written, stale, last)
  VALUES ('\\x'::bytea, 'holdfast', '', 'format', '${format}', 0, 0, 0) ON CONFLICT (name) DO NOTHING`

function checkFormat({ kind, version }: Row, table: string): void {
  if (kind !== 'format' || version !== `${format}`) throw storeFormat(`the table ${table}`, String(version), format)
}
