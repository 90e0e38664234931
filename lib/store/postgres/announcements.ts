// What others commit, heard of through LISTEN and NOTIFY: a hint that ends a wait early. It takes a session of its own,
// so a client that a pooler serves in transaction mode is no listener.

import { createHash } from 'node:crypto'
import { refusal } from '../../core/input.js'
import type { Steps } from '../../core/steps.js'
import { Hearing, type Stop } from '../remote/hearing.js'

type Heard = (message: { channel: string; payload?: string | undefined }) => void

/** A connected `Client` of pg, used for nothing else. */
export interface PgListener {
  query(text: string): PromiseLike<unknown>
  on(event: 'notification', heard: Heard): unknown
  removeListener(event: 'notification', heard: Heard): unknown
}

/** What `postgres(...)` of the package postgres returns: it keeps a session for what it listens to. */
export interface PostgresJsListener {
  listen(channel: string, heard: (payload: string) => void): PromiseLike<{ unlisten(): PromiseLike<unknown> }>
}

export type PostgresListener = PgListener | PostgresJsListener

export class Announcements {
  /** What a commit adds to its statement, to say that it was made. */
  readonly statement: string
  readonly #hearing: Hearing

  constructor(listener: unknown, table: string) {
    const one = asListener(listener)
    const channel = `holdfast_${createHash('sha256').update(table).digest('hex').slice(0, 32)}`
    this.#hearing = new Hearing(heard => listen(one, channel, heard))
    // The message is as short as it can be: it need not be right about the key.
    this.statement = `pg_notify('${channel}', left(encode(sha256(name), 'hex'), 16))`
  }

  /** Waits until the row may have changed, but at most `ms`. */
  next(name: Buffer, ms: number): Steps<void> {
    return this.#hearing.next(createHash('sha256').update(name).digest('hex').slice(0, 16), ms)
  }

  close(): Steps<void> {
    return this.#hearing.close()
  }
}

async function listen(
  listener: PostgresListener,
  channel: string,
  heard: (sum: string | undefined) => void,
): Promise<Stop> {
  if ('listen' in listener) {
    const { unlisten } = await listener.listen(channel, heard)
    return unlisten
  }
  const message: Heard = one => {
    if (one.channel === channel) heard(one.payload)
  }
  listener.on('notification', message)
  await listener.query(`LISTEN ${channel}`)
  return () => {
    listener.removeListener('notification', message)
    return listener.query(`UNLISTEN ${channel}`)
  }
}

interface PoolLike {
  readonly idleCount: number
}

function asListener(listener: unknown): PostgresListener {
  const { listen, on, query, idleCount } = (listener ?? {}) as Partial<PgListener & PostgresJsListener & PoolLike>
  // A pool would listen on any of its connections, and report nothing.
  const isClient = typeof on === 'function' && typeof query === 'function' && idleCount === undefined
  if (typeof listen === 'function' || isClient) return listener as PostgresListener
  throw refusal('ERR_INVALID_ARG_TYPE', 'options.listener', 'a Client of pg, or what postgres() returns', listener)
}
