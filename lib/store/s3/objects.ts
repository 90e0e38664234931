// What a store asks of S3, whichever client carries it.

/** A reply. `status` is that of HTTP. */
export interface Reply {
  readonly status: number
  readonly etag: string | undefined
  readonly body: Uint8Array
  /** How often the client has sent the request, if it says so: by itself it may have been its own rival. */
  readonly attempts: number
  /** The server's clock, in milliseconds since 1970 and whole seconds, if the reply says it. */
  readonly dateMs: number | undefined
  /** What S3 calls the error. */
  readonly reason: string | undefined
}

export interface Listing {
  readonly names: readonly string[]
  /** Where the next page begins; undefined: there is none. */
  readonly next: string | undefined
}

export type Condition = { readonly ifNoneMatch: '*' } | { readonly ifMatch: string }

/** Each method sends one request. Replies that the store knows how to take are returned, all others are thrown. */
export interface Objects {
  /** `first`: only so many bytes from the beginning. `ifMatch`: only this version of the object. */
  get(name: string, options?: { readonly first?: number; readonly ifMatch?: string }): Promise<Reply>
  put(name: string, body: Uint8Array, condition: Condition): Promise<Reply>
  remove(name: string, ifMatch: string): Promise<Reply>
  list(prefix: string, most: number, after: string | undefined): Promise<Listing>
}

/** Replies that say what became of a request. A conditional one is refused by 412, and by 404 if there is no object. */
export const isExpected = ({ status, reason }: Pick<Reply, 'status' | 'reason'>): boolean =>
  reason !== 'NoSuchBucket' && ((status >= 200 && status < 300) || status === 404 || status === 412)

export interface ReplyError extends Error {
  readonly code: 'ERR_S3_REPLY'
  readonly status: number
  readonly reason: string | undefined
}

export function replyError(what: string, { status, reason }: Pick<Reply, 'status' | 'reason'>): ReplyError {
  const error = new Error(`S3 replied ${status}${reason === undefined ? '' : ` ${reason}`} to ${what}`)
  return Object.assign(error, { code: 'ERR_S3_REPLY' as const, status, reason })
}
