// S3 through a function like `fetch` that signs what it sends.

import { longestTimerMs } from '../../core/wait.js'
import { type Condition, isExpected, type Listing, type Objects, type Reply, replyError } from './objects.js'
import { parseListing, parseReason } from './xml.js'

/** The part of `fetch` that is needed. */
export type FetchLike = (
  url: string,
  init: { method: string; headers: Record<string, string>; body?: Uint8Array; signal: AbortSignal },
) => PromiseLike<ResponseLike>

export interface ResponseLike {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  arrayBuffer(): Promise<ArrayBuffer>
}

export class HttpObjects implements Objects {
  readonly #send: FetchLike
  /** The address of the bucket, without a slash at its end. */
  readonly #bucket: string
  readonly #timeoutMs: number

  constructor(send: FetchLike, bucket: string, timeoutMs: number) {
    this.#send = send
    this.#bucket = bucket
    this.#timeoutMs = timeoutMs
  }

  get(name: string, { first, ifMatch }: { first?: number; ifMatch?: string } = {}): Promise<Reply> {
    return this.#request('GET', name, {
      ...(first === undefined ? {} : { range: `bytes=0-${first - 1}` }),
      ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
    })
  }

  put(name: string, body: Uint8Array, condition: Condition): Promise<Reply> {
    const header: Record<string, string> =
      'ifMatch' in condition ? { 'if-match': condition.ifMatch } : { 'if-none-match': condition.ifNoneMatch }
    return this.#request('PUT', name, { ...header, 'content-type': 'application/octet-stream' }, body)
  }

  remove(name: string, ifMatch: string): Promise<Reply> {
    return this.#request('DELETE', name, { 'if-match': ifMatch })
  }

  async list(prefix: string, most: number, after: string | undefined): Promise<Listing> {
    const query = new URLSearchParams({ 'list-type': '2', prefix, 'max-keys': `${most}` })
    if (after !== undefined) query.set('continuation-token', after)
    // A plus sign would be a space for some, and a plus sign for others.
    const url = `${this.#bucket}?${query}`.replaceAll('+', '%20')
    const reply = await this.#exchange('GET', url, {}, undefined)
    if (reply.status !== 200) throw replyError(`GET of the names with ${prefix}`, reply)
    return parseListing(Buffer.from(reply.body).toString())
  }

  async #request(method: string, name: string, headers: Record<string, string>, body?: Uint8Array): Promise<Reply> {
    const path = name.split('/').map(encodeURIComponent).join('/')
    const reply = await this.#exchange(method, `${this.#bucket}/${path}`, headers, body)
    if (!isExpected(reply)) throw replyError(`${method} of ${name}`, reply)
    return reply
  }

  async #exchange(
    method: string,
    url: string,
    headers: Record<string, string>,
    body: Uint8Array | undefined,
  ): Promise<Reply> {
    // What nothing waits for any more need not go on.
    const signal = AbortSignal.timeout(Math.min(Math.ceil(this.#timeoutMs) + 100, longestTimerMs))
    const response = await this.#send(url, { method, headers, signal, ...(body && { body }) })
    const bytes = new Uint8Array(await response.arrayBuffer())
    const date = Date.parse(response.headers.get('date') ?? '')
    return {
      status: response.status,
      etag: response.headers.get('etag') ?? undefined,
      body: bytes,
      attempts: 1,
      dateMs: Number.isNaN(date) ? undefined : date,
      reason: response.status < 400 ? undefined : parseReason(Buffer.from(bytes).toString()),
    }
  }
}
