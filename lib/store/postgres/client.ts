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
  readonly #send: Send

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

type Send = (text: string, values: unknown[]) => PromiseLike<readonly object[]>

function senderOf(client: unknown): Send {
  const { query, unsafe } = (client ?? {}) as Partial<PgLike & PostgresJsLike>
  if (typeof query === 'function') {
    const send: Send = (text, values) =>
      Promise.resolve((client as PgLike).query(text, values)).then(({ rows }) => rows)
    return 'connectionParameters' in (client as object) ? inTurn(client as object, send) : send
  }
  if (typeof unsafe === 'function') return (text, values) => (client as PostgresJsLike).unsafe(text, values as never[])
  throw refusal('ERR_INVALID_ARG_TYPE', 'client', 'a Pool or Client of pg, or what postgres() returns', client)
}

/** What a single connection has to do, whichever of several stores asks for it. */
const turns = new WeakMap<object, PromiseLike<unknown>>()

/** One at a time: a `Client` of pg is one connection, and from pg 9 on it has no queue of its own. */
const inTurn =
  (client: object, send: Send): Send =>
  (text, values) => {
    const next = (turns.get(client) ?? Promise.resolve()).then(() => send(text, values))
    turns.set(
      client,
      next.then(undefined, () => {}),
    )
    return next
  }
