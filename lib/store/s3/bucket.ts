// The objects of one store, read and parsed.

import type { Steps } from '../../core/steps.js'
import type { Kept } from '../backing.js'
import { ask, type RemoteLimits } from '../remote/ask.js'
import { look } from '../remote/look.js'
import { ServerClock } from './clock.js'
import { failureOf } from './failures.js'
import { longestHead, parseObject } from './object.js'
import { type Listing, type Objects, type Reply, replyError } from './objects.js'

/** A state, and the version of the object that it was read from. A copy of it may lack that. */
export interface S3Kept extends Kept {
  readonly etag?: string | undefined
}

/** An object that was read; `key` if its name does not show it. */
export interface Named {
  readonly name: string
  readonly key: string | undefined
  readonly kept: S3Kept
}

export class Bucket {
  readonly clock = new ServerClock()
  readonly prefix: string
  readonly limits: RemoteLimits
  readonly #objects: Objects

  constructor(objects: Objects, prefix: string, limits: RemoteLimits) {
    this.#objects = objects
    this.prefix = prefix
    this.limits = limits
  }

  /** Sends one request once. */
  *send(request: (objects: Objects) => Promise<Reply>): Steps<Reply> {
    const sentMs = Date.now()
    const reply = yield* ask(() => request(this.#objects), this.limits.timeoutMs)
    this.clock.note(reply.dateMs, sentMs, Date.now())
    return reply
  }

  /** The same for a request that changes nothing: it is repeated where the connection was cut. */
  get(name: string, options?: Parameters<Objects['get']>[1]): Steps<Reply> {
    return this.look(() => this.send(objects => objects.get(`${this.prefix}${name}`, options)))
  }

  look<T>(once: () => Steps<T>): Steps<T> {
    return look(once, failureOf, this.limits.retryForMs)
  }

  list(beginning: string, most: number, after: string | undefined): Steps<Listing> {
    const from = `${this.prefix}${beginning}`
    return this.look(() => ask(() => this.#objects.list(from, most, after), this.limits.timeoutMs))
  }

  /** Reads a state with its value. */
  *read(name: string): Steps<S3Kept | undefined> {
    const reply = yield* this.get(name)
    return reply.status === 404 ? undefined : this.parse(name, reply, true)?.kept
  }

  /** Reads states without their values, several at once. */
  *readHeads(names: readonly string[]): Steps<Named[]> {
    const get = (name: string) => (objects: Objects) => objects.get(`${this.prefix}${name}`, { first: longestHead })
    const replies = yield* this.look(() => ask(() => this.#all(names.map(get)), this.limits.timeoutMs))
    return replies.flatMap((reply, at) => this.parse(names[at] as string, reply, false) ?? [])
  }

  #all(requests: readonly ((objects: Objects) => Promise<Reply>)[]): Promise<Reply[]> {
    return Promise.all(requests.map(request => request(this.#objects)))
  }

  /** Undefined: it is not there any more. */
  parse(name: string, reply: Reply, isWhole: boolean): Named | undefined {
    const { status, etag, body } = reply
    if (status === 404) return undefined
    if (status !== 200 && status !== 206) throw replyError(`GET of ${name}`, reply)
    const { head, value } = parseObject(body, isWhole, name)
    const { key, bytes: _, ...state } = head
    const data = value === undefined ? this.#dataLater(name, etag) : already(value)
    return { name, key, kept: { ...state, readAtMs: this.clock.now(), etag, data } }
  }

  #dataLater(name: string, etag: string | undefined): Kept['data'] {
    const bucket = this
    return function* data() {
      const reply = yield* bucket.get(name, etag === undefined ? {} : { ifMatch: etag })
      if (reply.status === 404 || reply.status === 412) return 'moved'
      return parseObject(reply.body, true, name).value ?? 'damaged'
    }
  }
}

/** The value of a state that was read, or written, with it. */
export const already = (value: Uint8Array | 'damaged'): Kept['data'] =>
  // biome-ignore lint/correctness/useYield: there is nothing to call
  function* data() {
    return value
  }
