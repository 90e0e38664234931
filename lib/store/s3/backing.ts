// S3 as an engine: an object for each key. What decides a commit is the condition of a PUT: that there is no object, or
// that it is still the version that was read.

import { fs, type Steps } from '../../core/steps.js'
import type { Backing, Draft, Kept, Page } from '../backing.js'
import { hasEnded } from '../expiry.js'
import { just } from '../just.js'
import { claimsByEvidence } from '../remote/claims.js'
import { type Attempt, type Committed, commitRemotely, isNothing, type Server } from '../remote/commit.js'
import { Once } from '../remote/once.js'
import { partOf } from '../remote/pause.js'
import { judge } from '../unknown-outcome.js'
import { already, type Bucket, type S3Kept } from './bucket.js'
import { failureOf } from './failures.js'
import { beginningOf, isCutName, keyOf, nameOf } from './names.js'
import { headOf, spellObject } from './object.js'
import { type Condition, type Reply, replyError } from './objects.js'
import { openBucket } from './probe.js'

/** Each needs a request of its own to say what it is. */
const pageSize = 32
const shortestPollMs = 50
const longestPollMs = 500

export class S3Backing implements Backing, Server {
  readonly claims = claimsByEvidence
  readonly failureOf = failureOf
  readonly #bucket: Bucket
  /** Opens the store. Does the server delete exactly one version of an object? */
  readonly #opening: Once<boolean>

  constructor(bucket: Bucket) {
    this.#bucket = bucket
    this.#opening = new Once(() => openBucket(bucket))
  }

  get retryForMs(): number {
    return this.#bucket.limits.retryForMs
  }

  *read(key: string): Steps<S3Kept | undefined> {
    yield* this.#opening.get()
    return yield* this.#bucket.read(nameOf(key).name)
  }

  *commit(key: string, from: Kept | undefined, to: Draft | undefined): Steps<Committed> {
    yield* this.#opening.get()
    // Before the first request only: when one is under way, it may still come to pass.
    if (from && to?.whileLive && hasEnded(from, this.#bucket.clock.now())) return 'moved'
    return yield* commitRemotely(this, { key, from, to }, nothing => this.#delete(key, nothing))
  }

  *attempt({ key, from, to }: Attempt): Steps<Kept | 'moved'> {
    const condition = yield* this.#conditionFor(key, from)
    const value = to.data === 'keep' ? yield* (from as Kept).data() : to.data
    if (condition === 'moved' || value === 'moved') return 'moved'
    const { name, isCut } = nameOf(key)
    const head = headOf(to, from, isCut ? key : undefined, this.#bucket.clock.now())
    const body = spellObject(head, value)
    const reply = yield* this.#bucket.send(objects => objects.put(`${this.#bucket.prefix}${name}`, body, condition))
    if (reply.status >= 400) return yield* this.#afterRefusal(reply, { key, from, to })
    const { key: _, ...state } = head
    const kept: S3Kept = {
      ...state,
      readAtMs: this.#bucket.clock.now(),
      etag: reply.etag,
      data: already(value ?? none),
    }
    return kept
  }

  /** Which version of the object is replaced. A state that is a copy of one that was read may not say it. */
  *#conditionFor(key: string, from: S3Kept | undefined): Steps<Condition | 'moved'> {
    if (!from) return { ifNoneMatch: '*' }
    if (from.etag !== undefined) return { ifMatch: from.etag }
    const now = yield* this.#bucket.read(nameOf(key).name)
    return now?.id === from.id && now.etag !== undefined ? { ifMatch: now.etag } : 'moved'
  }

  /**
   * The condition was refused. If a client repeats requests by itself, it may have been refused because of its own
   * first try, whose reply was lost.
   */
  *#afterRefusal(reply: Reply, { key, from, to }: Attempt): Steps<Kept | 'moved'> {
    const now = yield* this.#bucket.read(nameOf(key).name)
    const verdict = judge(now, { from: from?.id, to: to.id })
    if (verdict === 'done' && now?.id === to.id) return now as Kept
    // What has come of it since, or whether anything has: one look at the whole shows that.
    if (verdict === 'done' || (verdict === 'unknown' && reply.attempts > 1)) throw inDoubt(reply)
    return 'moved'
  }

  *#delete(key: string, nothing: S3Kept): Steps<boolean> {
    const { etag } = nothing
    if (etag === undefined || !(yield* this.#opening.get())) return true
    const name = `${this.#bucket.prefix}${nameOf(key).name}`
    return (yield* this.#bucket.send(objects => objects.remove(name, etag))).status < 400
  }

  *list(prefix: string, cursor: unknown): Steps<Page> {
    const deletesExactly = yield* this.#opening.get()
    const listing = yield* this.#bucket.list(beginningOf(prefix), pageSize, cursor as string | undefined)
    const names = listing.names
      .map(name => name.slice(this.#bucket.prefix.length))
      .filter(name => isCutName(name) || keyOf(name)?.startsWith(prefix))
    const found = yield* this.#bucket.readHeads(names)
    const entries = found.flatMap(({ name, key = keyOf(name), kept }) =>
      // What can only stay is no work for `sweep`.
      key?.startsWith(prefix) && (deletesExactly || !isNothing(kept)) ? [[key, kept] as const] : [],
    )
    return { entries, cursor: listing.next }
  }

  *changed(_key: string, ms: number): Steps<void> {
    yield* fs.sleep(Math.min(ms, shortestPollMs + (yield* partOf(longestPollMs - shortestPollMs))))
  }

  now(): Steps<number> {
    return just(() => this.#bucket.clock.now())
  }
}

const none = new Uint8Array()

/** An error that says: the reply does not show what became of the request. */
const inDoubt = (reply: Reply): Error =>
  replyError('a conditional PUT that was sent several times', { ...reply, status: 500 })
