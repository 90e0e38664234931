// `holdfast/postgres`: a store in a table of Postgres.

import { refusal } from './core/input.js'
import { checkNames } from './core/option-names.js'
import type { Store } from './store/contract.js'
import { openStore, type StoreOptions } from './store/open.js'
import { Announcements, type PostgresListener } from './store/postgres/announcements.js'
import { PostgresBacking } from './store/postgres/backing.js'
import { Database, type PostgresLike } from './store/postgres/client.js'
import { asTable } from './store/postgres/table.js'
import { asRemoteLimits, type RemotePatience } from './store/remote/ask.js'

export type { PgListener, PostgresJsListener, PostgresListener } from './store/postgres/announcements.js'
export type { PgLike, PostgresJsLike, PostgresLike } from './store/postgres/client.js'
export type { RemotePatience } from './store/remote/ask.js'

export interface PostgresStoreOptions<T> extends StoreOptions<T>, RemotePatience {
  /** The table, or `schema.table`. It is made by the first call that finds none. @default 'holdfast' */
  readonly table?: string | undefined
  /**
   * A client with a session of its own, which hears through LISTEN what others commit, so that waits end sooner: a
   * connected `Client` of pg that is used for nothing else, or what `postgres()` returns. All processes of a store must
   * have one.
   * @default none: waits look from time to time
   */
  readonly listener?: PostgresListener | undefined
}

const optionNames: ReadonlySet<string> = new Set([
  ...(['codec', 'maxValueBytes', 'timeout', 'retryFor', 'table', 'listener'] as const),
] satisfies (keyof PostgresStoreOptions<unknown>)[])

/**
 * Opens a store in a table of Postgres, for any number of processes on any number of machines.
 *
 * Holds afterwards: each change is one statement whose condition names the exact state that it replaces (a removal is
 * two: the second drops what is nothing already), so it is right at every isolation level, and through a pooler in
 * transaction mode: no statement has a name, none needs what an earlier one has left in its session, and no advisory
 * lock is taken. Where a connection is cut, the change is looked up by its id, and sent again if it was not made.
 * Nothing is sent before the first call.
 *
 * Not promised: what the database does not: a failover to a replica that lags behind may forget what was acknowledged,
 * with `synchronous_commit = off` also a crash. The sync form: no client has one. Times are those of the server's
 * clock.
 *
 * @param client A `Pool` or a connected `Client` of pg, or what `postgres()` of the package postgres returns. It stays
 *   open. A pool recovers when a connection is cut; a `Client` does not. (Listen for a pool's `error` event, as pg
 *   asks.)
 * @param options `table`; `codec` and `maxValueBytes` as of every store; `timeout`: milliseconds for each statement,
 *   waiting for a free connection included (5,000); `retryFor`: milliseconds for which one is repeated that met a
 *   conflict of serialization, or no server (10,000); `listener`.
 * @returns The store.
 * @throws Of its calls, besides what they say: `ERR_STORE_FORMAT` (the table is of another format, or of something
 *   else), `ERR_UNKNOWN_OUTCOME` (see `confirm`), `ERR_TIMEOUT` (no reply to a read), `ERR_INVALID_RETURN_VALUE` (the
 *   sync form), and errors of the client, unchanged.
 *
 * @example
 * const store = postgresStore(new pg.Pool(), { table: 'sessions' })
 * const { ok, entry } = await store.create('session-1', { user: 'ada' }, { ttl: 3_600_000 })
 *
 * Source of the protocol: optimistic concurrency by a version that is compared and replaced in one statement.
 */
export function postgresStore<T = unknown>(client: PostgresLike, options: PostgresStoreOptions<T> = {}): Store<T> {
  checkNames(options, optionNames, 'options')
  const { codec, maxValueBytes, listener } = options
  if (client === listener && listener !== undefined && !('listen' in listener))
    throw refusal('ERR_INVALID_ARG_VALUE', 'options.listener', 'a client of its own', listener)
  const table = asTable(options.table)
  const announcements = listener === undefined ? undefined : new Announcements(listener, table)
  const backing = new PostgresBacking(new Database(client, asRemoteLimits(options)), table, announcements)
  return openStore(backing, { codec, maxValueBytes })
}
