// What others commit, heard of through LISTEN and NOTIFY: a hint that ends a wait early. It takes a session of its own,
// so a client that a pooler serves in transaction mode is no listener.

import { createHash } from 'node:crypto'
import { refusal } from '../../core/input.js'
import { fs, pending, type Steps } from '../../core/steps.js'
import { untilNextLook } from '../remote/pause.js'

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

/** A message may be lost, so a wait ends after this time in any case. */
const longestWaitMs = 500

export class Announcements {
  /** What a commit adds to its statement, to say that it was made. */
  readonly statement: string
  readonly #channel: string
  readonly #listener: PostgresListener
  readonly #waits = new Map<string, Set<() => void>>()
  /** How to end it; undefined where listening has failed. */
  #begun: Promise<(() => PromiseLike<unknown>) | undefined> | undefined

  constructor(listener: unknown, table: string) {
    this.#listener = asListener(listener)
    this.#channel = `holdfast_${createHash('sha256').update(table).digest('hex').slice(0, 32)}`
    // The message is as short as it can be: it need not be right about the key.
    this.statement = `pg_notify('${this.#channel}', left(encode(sha256(name), 'hex'), 16))`
  }

  /** Waits until the row may have changed, but at most `ms`. */
  *next(name: Buffer, ms: number): Steps<void> {
    const sum = createHash('sha256').update(name).digest('hex').slice(0, 16)
    let stop = () => {}
    const heard = new Promise<void>(resolve => {
      stop = this.#expect(sum, resolve)
    })
    try {
      const stopListening = yield* fs.settle(this.#begun ?? this.#begin(), ms)
      // Without a listener the row is looked at from time to time.
      if (!stopListening) yield* untilNextLook(ms)
      else if (stopListening !== pending) yield* fs.settle(heard, Math.min(ms, longestWaitMs))
    } finally {
      stop()
    }
  }

  #expect(sum: string, resolve: () => void): () => void {
    const waits = this.#waits.get(sum) ?? new Set()
    this.#waits.set(sum, waits.add(resolve))
    return () => {
      waits.delete(resolve)
      if (waits.size === 0) this.#waits.delete(sum)
    }
  }

  readonly #heard = (sum: string | undefined): void => {
    for (const resolve of [...(this.#waits.get(sum ?? '') ?? [])]) resolve()
  }

  #begin(): Promise<(() => PromiseLike<unknown>) | undefined> {
    this.#begun = this.#listen().catch(() => undefined)
    return this.#begun
  }

  async #listen(): Promise<() => PromiseLike<unknown>> {
    const listener = this.#listener
    if ('listen' in listener) {
      const { unlisten } = await listener.listen(this.#channel, this.#heard)
      return unlisten
    }
    const heard: Heard = message => {
      if (message.channel === this.#channel) this.#heard(message.payload)
    }
    listener.on('notification', heard)
    await listener.query(`LISTEN ${this.#channel}`)
    return () => {
      listener.removeListener('notification', heard)
      return listener.query(`UNLISTEN ${this.#channel}`)
    }
  }

  /** The session may have ended before: then there is nothing to end. */
  *close(): Steps<void> {
    const begun = this.#begun
    this.#begun = undefined
    if (!begun) return
    yield* fs.settle(
      begun.then(end => end?.()).catch(() => {}),
      longestWaitMs,
    )
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
