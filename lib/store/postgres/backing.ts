// Postgres as an engine: a row for each key.

import type { Steps } from '../../core/steps.js'
import type { Backing, Draft, Kept, Page } from '../backing.js'
import { claimsByEvidence } from '../remote/claims.js'
import { type Attempt, type Committed, commitRemotely, type Server } from '../remote/commit.js'
import { Once } from '../remote/once.js'
import { untilNextLook } from '../remote/pause.js'
import type { Announcements } from './announcements.js'
import type { Database, Row } from './client.js'
import { failureOf, hasState } from './failures.js'
import { bytesOf, committed, type DataOf, hasEndedIn, keptOf } from './rows.js'
import { bufferOf, parametersOf, type Statements, statementsFor } from './statements.js'
import { nameOf, openTable, rangeOf } from './table.js'

const pageSize = 500

export class PostgresBacking implements Backing, Server {
  readonly claims = claimsByEvidence
  readonly failureOf = failureOf
  readonly #db: Database
  readonly #announcements: Announcements | undefined
  readonly #sql: Statements
  readonly #opening: Once<void>

  constructor(db: Database, table: string, announcements: Announcements | undefined) {
    this.#db = db
    this.#announcements = announcements
    this.#sql = statementsFor(table, announcements?.statement)
    this.#opening = new Once(() => openTable(db, table))
  }

  get retryForMs(): number {
    return this.#db.limits.retryForMs
  }

  *read(key: string): Steps<Kept | undefined> {
    yield* this.#opening.get()
    const { name } = nameOf(key)
    const [first] = yield* this.#db.look(this.#sql.read, [name])
    const row = first && hasEndedIn(first) ? yield* this.#settled(name, first) : first
    return row && keptOf(row, whole(row.value))
  }

  /** Once an entry is seen to be over, it stays so. A server that only reads, and a role that may only read, have no locks. */
  *#settled(name: Buffer, row: Row): Steps<Row | undefined> {
    try {
      return (yield* this.#db.look(this.#sql.settled, [name]))[0]
    } catch (error) {
      if (hasState(error, '25006', '42501')) return row
      throw error
    }
  }

  *commit(key: string, from: Kept | undefined, to: Draft | undefined): Steps<Committed> {
    yield* this.#opening.get()
    return yield* commitRemotely(this, { key, from, to }, nothing => this.#remove(key, nothing))
  }

  *attempt({ key, from, to }: Attempt): Steps<Kept | 'moved'> {
    const [text, values, data] = this.#statement(key, from, to)
    const [row] = yield* this.#db.run(text, values)
    return row ? committed(to, row, data) : 'moved'
  }

  *#remove(key: string, nothing: Kept): Steps<boolean> {
    return (yield* this.#db.run(this.#sql.remove, [nameOf(key).name, nothing.id])).length > 0
  }

  #statement(key: string, from: Kept | undefined, to: Draft): [string, unknown[], DataOf] {
    const name = nameOf(key)
    const common = parametersOf(name, to)
    const sql = to.whileLive ? this.#sql.live : this.#sql
    if (from && to.data === 'keep') return [sql.touch, [...common, from.id], this.#dataOf(name.name, to.version)]
    const value = to.data instanceof Uint8Array ? bufferOf(to.data) : null
    if (from) return [sql.update, [...common, value, from.id], whole(value)]
    return [this.#sql.insert, [...common, value, name.whole], whole(value)]
  }

  /** The value is not in a page of the list, and neither in what a commit returns that has kept it. */
  #dataOf(name: Buffer, version: string): DataOf {
    const db = this.#db
    const { value } = this.#sql
    return function* data() {
      const [row] = yield* db.look(value, [name, version])
      return row ? bytesOf(row.value) : 'moved'
    }
  }

  *list(prefix: string, cursor: unknown): Steps<Page> {
    yield* this.#opening.get()
    const [from, to] = rangeOf(prefix)
    const rows = yield* this.#db.look(this.#sql.list, [cursor ?? from, to, pageSize])
    const entries = rows.flatMap(row => {
      const name = Buffer.from(bytesOf(row.name))
      const key = row.whole === null ? name.toString() : Buffer.from(bytesOf(row.whole)).toString()
      const kept = keptOf(row, this.#dataOf(name, String(row.version)))
      return key.startsWith(prefix) ? [[key, kept] as const] : []
    })
    const last = rows.length < pageSize ? undefined : rows.at(-1)
    // The name that comes after it before all others.
    return { entries, cursor: last && Buffer.concat([bytesOf(last.name), Buffer.from([0])]) }
  }

  *changed(key: string, ms: number): Steps<void> {
    if (this.#announcements) yield* this.#announcements.next(nameOf(key).name, ms)
    else yield* untilNextLook(ms)
  }

  *now(): Steps<number> {
    const [row] = yield* this.#db.look(this.#sql.now, [])
    return Number(row?.seen)
  }

  *close(): Steps<void> {
    if (this.#announcements) yield* this.#announcements.close()
  }
}

/** The value of a state that was read with it. */
const whole = (value: unknown): DataOf =>
  // biome-ignore lint/correctness/useYield: there is nothing to call
  function* data() {
    return value === null ? new Uint8Array() : bytesOf(value)
  }
