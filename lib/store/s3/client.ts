// The clients that a store in S3 takes, known by their shape: none of them is imported.

import { refusal } from '../../core/input.js'
import { AwsObjects, type AwsS3Like } from './aws.js'
import { type FetchLike, HttpObjects } from './http.js'
import type { Objects } from './objects.js'

/** A function like `fetch`, an object that has one, or the class `S3` of @aws-sdk/client-s3. */
export type S3Like = FetchLike | { readonly fetch: FetchLike } | AwsS3Like

export function asObjects(client: unknown, bucket: string, endpoint: unknown, timeoutMs: number): Objects {
  if (isAws(client)) return new AwsObjects(client, bucket)
  const { fetch, send } = (client ?? {}) as { fetch?: unknown; send?: unknown }
  if (typeof client === 'function') return new HttpObjects(client as FetchLike, addressOf(endpoint, bucket), timeoutMs)
  if (typeof fetch === 'function') {
    const send: FetchLike = (url, init) => (client as { fetch: FetchLike }).fetch(url, init)
    return new HttpObjects(send, addressOf(endpoint, bucket), timeoutMs)
  }
  const advice = typeof send === 'function' ? 'the class S3 of @aws-sdk/client-s3, not S3Client' : expected
  throw refusal('ERR_INVALID_ARG_TYPE', 'client', advice, client)
}

const expected = 'a function like fetch, an object that has one, or the class S3 of @aws-sdk/client-s3'

const isAws = (client: unknown): client is AwsS3Like =>
  (['getObject', 'putObject', 'deleteObject', 'listObjectsV2'] as const).every(
    name => typeof (client as Partial<AwsS3Like> | undefined)?.[name] === 'function',
  )

function addressOf(endpoint: unknown, bucket: string): string {
  const given = String(endpoint ?? '')
  if (!/^https?:\/\/[^?#]+$/.test(given) || !URL.canParse(given))
    throw refusal('ERR_INVALID_ARG_VALUE', 'options.endpoint', 'the address of the service, as https://...', endpoint)
  return `${given.replace(/\/+$/, '')}/${bucket}`
}
