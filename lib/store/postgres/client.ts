// The clients that a store in Postgres takes, known by their shape: none of them is imported.

import { refusal } from '../../core/input.js'
import type { Steps } from '../../core/steps.js'
import { ask, type RemoteLimits } from '../remote/ask.js'
import { look } from '../remote/look.js'
import { failureOf } from './failures.js'

/** A `Pool` or a connected `Client` of the package pg. */
export interface PgLike {
  query(text: string, values: unknown[]): PromiseLike<{ readonly rows: readonly object[] }>
}

/** What `postgres(...)` of the package postgres returns. */
export interface PostgresJsLike {
  unsafe(text: string, values: never[]): PromiseLike<readonly object[]>
}

export type PostgresLike = PgLike | PostgresJsLike

export type Row = Readonly<Record<string, unknown>>

/** Statements go out one by one and without a name, so a pooler may give each to another session. */
export class Database {
  readonly limits: RemoteLimits
  readonly #send: (text: string, values: unknown[]) => PromiseLike<readonly object[]>

  constructor(client: unknown, limits: RemoteLimits) {
    this.#send = senderOf(client)
    this.limits = limits
  }

  /** Runs one statement once. */
  run(text: string, values: unknown[]): Steps<readonly Row[]> {
    return ask(() => this.#send(text, values), this.limits.timeoutMs) as Steps<readonly Row[]>
  }

  /** The same for a statement that changes nothing: it is repeated where the connection was cut. */
  look(text: string, values: unknown[]): Steps<readonly Row[]> {
    return look(() => this.run(text, values), failureOf, this.limits.retryForMs)
  }
}

function senderOf(client: unknown): (text: string, values: unknown[]) => PromiseLike<readonly object[]> {
  const { query, unsafe } = (client ?? {}) as Partial<PgLike & PostgresJsLike>
  if (typeof query === 'function')
    return (text, values) => Promise.resolve((client as PgLike).query(text, values)).then(({ rows }) => rows)
  if (typeof unsafe === 'function') return (text, values) => (client as PostgresJsLike).unsafe(text, values as never[])
  throw refusal('ERR_INVALID_ARG_TYPE', 'client', 'a Pool or Client of pg, or what postgres() returns', client)
}
