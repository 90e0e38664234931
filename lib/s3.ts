// `holdfast/s3`: a store in the objects of an S3 bucket.

import { refusal } from './core/input.js'
import { checkNames } from './core/option-names.js'
import type { Store } from './store/contract.js'
import { openStore, type StoreOptions } from './store/open.js'
import { asRemoteLimits, type RemotePatience } from './store/remote/ask.js'
import type { AwsS3Like } from './store/s3/aws.js'
import { S3Backing } from './store/s3/backing.js'
import { Bucket } from './store/s3/bucket.js'
import { asObjects, type S3Like } from './store/s3/client.js'
import type { FetchLike } from './store/s3/http.js'
import { asPrefix } from './store/s3/names.js'

export type { RemotePatience } from './store/remote/ask.js'
export type { ResponseLike } from './store/s3/http.js'
export type { AwsS3Like, FetchLike, S3Like }

export interface S3StoreOptions<T> extends StoreOptions<T>, RemotePatience {
  readonly bucket: string
  /** What the names of all objects of the store begin with, as `app/sessions/`. */
  readonly prefix: string
  /**
   * The address of the service, as `https://s3.eu-central-1.amazonaws.com`: needed with `fetch`, while a client of the
   * AWS SDK knows its own. The bucket's name becomes the first part of the path.
   */
  readonly endpoint?: string | URL | undefined
}

const optionNames: ReadonlySet<string> = new Set([
  ...(['codec', 'maxValueBytes', 'timeout', 'retryFor', 'bucket', 'prefix', 'endpoint'] as const),
] satisfies (keyof S3StoreOptions<unknown>)[])

/**
 * Opens a store in the objects of an S3 bucket, for any number of processes on any number of machines. Each call takes
 * a request or two of some 50 ms, and requests cost money: it is for few keys that change seldom.
 *
 * Holds afterwards: each change is one conditional PUT of the exact object that it replaces, with an id in the object,
 * because an ETag is only a sum of the content. A condition that was refused is looked at by that id: it may have been
 * refused because of the call's own first try, repeated by the client. What the server puts off (409, 429, 503) is
 * tried again. At the first call it is tried whether the server obeys conditions.
 *
 * Not promised: a touch, or a heartbeat of a claim, that does not write the value again: an object is written as a
 * whole. That nothing is left of what was removed, where the server does not obey `If-Match` of DELETE: then an object
 * without a value stays. `keys` and `sweep` ask for each object. Times are those of this machine, corrected by as much
 * as the server's `Date` proves them wrong: right to a second or so. That no entry is seen to come back that ends while a
 * request that touches it is under way. The sync form: no client has one.
 *
 * @param client A function like `fetch` that signs what it sends, as `(url, init) => client.fetch(url, init)` of
 *   aws4fetch, or an object with such a `fetch`; or the class `S3` of @aws-sdk/client-s3 (`new S3(...)`, not `new
 *   S3Client(...)`, which needs commands that would have to be imported). Set up aws4fetch with `retries: 0`: this
 *   store repeats what may be repeated.
 * @param options `bucket`, `prefix`; `endpoint`; `codec` and `maxValueBytes` as of every store; `timeout`: milliseconds
 *   for each request (5,000); `retryFor`: milliseconds for which one is repeated that the server put off, or that did
 *   not reach it (10,000).
 * @returns The store.
 * @throws Of its calls, besides what they say: `ERR_UNCONDITIONAL` (the server ignores conditions, so the store would
 *   lose updates), `ERR_STORE_FORMAT` (the objects are of another format, or of something else), `ERR_UNKNOWN_OUTCOME`
 *   (see `confirm`), `ERR_TIMEOUT` (no reply to a read), `ERR_S3_REPLY` (a reply that is an error, with `status` and
 *   `reason`), `ERR_INVALID_RETURN_VALUE` (the sync form), and errors of the client, unchanged.
 *
 * @example
 * const client = new AwsClient({ accessKeyId, secretAccessKey, service: 's3', region: 'eu-central-1', retries: 0 })
 * const endpoint = 'https://s3.eu-central-1.amazonaws.com'
 * const store = s3Store(client, { bucket: 'my-bucket', prefix: 'leases/', endpoint })
 * const { ok, entry } = await store.create('nightly', { by: 'worker-1' }, { ttl: 3_600_000 })
 *
 * Source of the protocol: compare-and-swap by conditional writes, as S3 has them since 2024.
 */
export function s3Store<T = unknown>(client: S3Like, options: S3StoreOptions<T>): Store<T> {
  checkNames(options, optionNames, 'options')
  const { codec, maxValueBytes, bucket, endpoint } = options
  if (typeof bucket !== 'string' || !/^[\w.-]{1,255}$/.test(bucket) || bucket === '.' || bucket === '..')
    throw refusal('ERR_INVALID_ARG_VALUE', 'options.bucket', 'the name of a bucket', bucket)
  const limits = asRemoteLimits(options)
  const objects = asObjects(client, bucket, endpoint, limits.timeoutMs)
  const backing = new S3Backing(new Bucket(objects, asPrefix(options.prefix), limits))
  return openStore(backing, { codec, maxValueBytes })
}
