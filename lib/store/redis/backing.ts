// Redis as an engine: a hash for each key (./scripts.ts).

import { monotonicMs } from '../../core/moment.js'
import type { Steps } from '../../core/steps.js'
import { nonces } from '../../parts/stage-names.js'
import type { Backing, Counted, CountedHit, Draft, Kept, Page } from '../backing.js'
import { claimsByEvidence } from '../remote/claims.js'
import { type Committed, type Server, untilKnown } from '../remote/commit.js'
import { untilNextLook } from '../remote/pause.js'
import type { Announcements } from './announcements.js'
import { asReplyBytes } from './client.js'
import { attempt, lookAt, type TracedChange } from './commit.js'
import { reportEviction } from './eviction.js'
import { failureOf } from './failures.js'
import { countHit } from './limit.js'
import { listLeaf, type Place } from './listing.js'
import { readKey } from './read.js'
import type { RedisServer } from './server.js'
import { stateIn } from './state.js'

export class RedisBacking implements Backing, Server<TracedChange> {
  readonly claims = claimsByEvidence
  readonly failureOf = failureOf
  readonly retryForMs: number
  readonly #server: RedisServer
  readonly #announcements: Announcements | undefined
  #isOpen = false

  constructor(server: RedisServer, announcements: Announcements | undefined) {
    this.#server = server
    this.#announcements = announcements
    this.retryForMs = server.limits.retryForMs
  }

  read(key: string): Steps<Kept | undefined> {
    this.#open()
    return readKey(this.#server, key)
  }

  *commit(key: string, from: Kept | undefined, to: Draft | undefined): Steps<Committed> {
    if (!from && !to) return 'moved'
    this.#open()
    const change: TracedChange = { key, from, to, id: to?.id ?? (yield* nonces()), sinceMs: monotonicMs() }
    return yield* untilKnown(this, change)
  }

  *count(key: string, hit: CountedHit): Steps<Counted> {
    this.#open()
    return yield* countHit(this.#server, key, hit)
  }

  attempt(change: TracedChange): Steps<Committed> {
    return attempt(this.#server, change, this.#announcements?.channel ?? '')
  }

  look(change: TracedChange, doubt: unknown): Steps<Committed | 'untouched'> {
    return lookAt(this.#server, change, doubt)
  }

  *list(prefix: string, cursor: unknown): Steps<Page> {
    this.#open()
    const { found, next } = yield* listLeaf(this.#server, prefix, cursor as Place | undefined)
    const entries = found.flatMap(({ key, reply: [nowMs, words] }) => {
      const state = asReplyBytes(words)
      if (!state) return []
      const kept = stateIn(state, key, Number(nowMs), () => this.#valueOf(key, kept.version))
      return [[key, kept] as const]
    })
    return { entries, cursor: next }
  }

  /** The value is not in a page of the list. */
  *#valueOf(key: string, version: string): ReturnType<Kept['data']> {
    const now = yield* this.read(key)
    return now?.version === version ? yield* now.data() : 'moved'
  }

  changed(key: string, ms: number): Steps<void> {
    return this.#announcements ? this.#announcements.next(key, ms) : untilNextLook(ms)
  }

  *now(): Steps<number> {
    const { connection } = this.#server
    const [seconds, micros] = yield* this.#server.look(() => connection.send(['TIME']))
    return Number(`${asReplyBytes(seconds)}`) * 1000 + Math.floor(Number(`${asReplyBytes(micros)}`) / 1000)
  }

  *close(): Steps<void> {
    if (this.#announcements) yield* this.#announcements.close()
  }

  /** A client need not be connected before the store is used. */
  #open(): void {
    if (this.#isOpen) return
    this.#isOpen = true
    reportEviction(this.#server.connection, this.#server.names.prefix)
  }
}
