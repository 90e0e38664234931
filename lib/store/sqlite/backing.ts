// The engine over a table of SQLite. Calls of SQLite are made where they stand, in both forms: they take microseconds, and
// no thread of a pool could make them sooner.

import { fs, type Steps } from '../../core/steps.js'
import type { Backing, Draft, Kept, Page } from '../backing.js'
import { just } from '../just.js'
import { keptOf } from '../kept.js'
import { confirmCommit } from '../unknown-outcome.js'
import { whenFree } from './busy.js'
import { isSqliteError, type SqliteLike } from './connection.js'
import { columnsOf, keptOfRow, prepareAll, type Statements } from './rows.js'
import { checkNoTransaction, formatKey } from './table.js'

export class SqliteBacking implements Backing {
  readonly #db: SqliteLike
  readonly #statements: Statements
  readonly #retryFor: number

  /** What the store's own process knows of others is evidence: they are on the machine that the file is on. */
  readonly claims: Backing['claims'] = { self: () => fs.thread(), alive: owner => fs.alive(owner) }

  constructor(db: SqliteLike, table: string, retryFor: number) {
    this.#db = db
    this.#statements = prepareAll(db, table)
    this.#retryFor = retryFor
  }

  read(key: string): Steps<Kept | undefined> {
    return this.#readRow(Buffer.from(key))
  }

  *#readRow(k: Buffer): Steps<Kept | undefined> {
    const row = yield* this.#whenFree(() => this.#statements.read.get(k))
    return row && keptOfRow(row, Date.now(), () => just(() => row.value ?? nothing))
  }

  *commit(key: string, from: Kept | undefined, to: Draft | undefined): Steps<Kept | 'removed' | 'moved'> {
    const k = Buffer.from(key)
    // A signal and a timeout are obeyed at calls, and a statement is none of those that a driver knows.
    yield* fs.now()
    try {
      return yield* this.#whenFree(() => this.#change(k, from, to))
    } catch (error) {
      // The disk failed somewhere on the way, so the change may or may not be there.
      if (isSqliteError(error, 'IOERR')) return yield* confirmCommit(this, key, from, to, error)
      throw error
    }
  }

  #change(k: Buffer, from: Kept | undefined, to: Draft | undefined): Kept | 'removed' | 'moved' {
    checkNoTransaction(this.#db)
    const { insert, replace, advance, remove } = this.#statements
    if (!to) {
      if (!from) return 'moved'
      return remove.run(k, from.id) === 1 ? 'removed' : 'moved'
    }
    // Read anew for each attempt, because the one before may have waited for seconds.
    const nowMs = Date.now()
    const data = to.data === 'keep' ? undefined : (to.data ?? null)
    const next = keptOf(to, from, nowMs, () => (data === undefined && from ? from.data() : just(() => data ?? nothing)))
    const state = columnsOf(to, from, next)
    const isConditional = to.whileLive ? 1 : 0
    const changed = !from
      ? insert.run(...state, data ?? null, k)
      : data === undefined
        ? advance.run(...state, k, from.id, isConditional)
        : replace.run(...state, data, k, from.id, isConditional)
    return changed === 1 ? next : 'moved'
  }

  *list(prefix: string, cursor: unknown): Steps<Page> {
    const first = prefix === '' ? afterFormat : Buffer.from(prefix)
    const begin = (cursor as Buffer | undefined) ?? first
    const rows = yield* this.#whenFree(() => this.#statements.page.all(begin, endOf(prefix), pageRows))
    const nowMs = Date.now()
    const entries = rows.map(row => {
      const k = Buffer.from(row.k)
      const kept: Kept = keptOfRow(row, nowMs, () => this.#valueOf(k, kept.version))
      return [k.toString(), kept] as const
    })
    const last = rows.at(-1)
    return { entries, cursor: last && rows.length === pageRows ? Buffer.concat([last.k, zero]) : undefined }
  }

  *#valueOf(k: Buffer, version: string): ReturnType<Kept['data']> {
    const now = yield* this.#readRow(k)
    return now?.version === version ? yield* now.data() : 'moved'
  }

  *stillThere(key: string, { id }: Kept): Steps<boolean> {
    return (yield* this.#whenFree(() => this.#statements.there.get(Buffer.from(key), id))) !== undefined
  }

  /** SQLite sends no word to other processes. A look costs less than a wait that is too long, so the wait is short. */
  *changed(_key: string, ms: number): Steps<void> {
    const [byte = 0] = yield* fs.random(1)
    yield* fs.sleep(Math.min(ms, 2 + byte / 32))
  }

  now(): Steps<number> {
    return just(Date.now)
  }

  #whenFree<T>(statement: () => T): Steps<T> {
    return whenFree(statement, this.#retryFor)
  }
}

/** So many states are in memory at a time while keys are listed, each without its value. */
const pageRows = 256

const zero = Buffer.from([0])
/** The smallest key after that of the format, which is empty. */
const afterFormat = Buffer.concat([formatKey, zero])
const nothing = new Uint8Array(0)

/** The end of the keys that begin so: keys are UTF-8, in which no byte is 255, so the last byte can be raised by one. */
function endOf(prefix: string): Buffer {
  if (prefix === '') return Buffer.from([255])
  const end = Buffer.from(prefix)
  end[end.length - 1] = (end.at(-1) ?? 0) + 1
  return end
}
