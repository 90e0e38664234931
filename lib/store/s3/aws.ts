// S3 through the `S3` class of @aws-sdk/client-s3. It has a method for each command, so no command need be imported.

import { type Condition, isExpected, type Listing, type Objects, type Reply } from './objects.js'

/** The part of the class `S3` that is needed. */
export interface AwsS3Like {
  getObject(input: never): PromiseLike<object>
  putObject(input: never): PromiseLike<object>
  deleteObject(input: never): PromiseLike<object>
  listObjectsV2(input: never): PromiseLike<object>
}

interface Output {
  readonly ETag?: string
  readonly Body?: { transformToByteArray(): Promise<Uint8Array> }
  readonly Contents?: readonly { readonly Key?: string }[]
  readonly IsTruncated?: boolean
  readonly NextContinuationToken?: string
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number }
}

export class AwsObjects implements Objects {
  readonly #client: Record<keyof AwsS3Like, (input: object) => PromiseLike<Output>>
  readonly #bucket: string

  constructor(client: AwsS3Like, bucket: string) {
    this.#client = client as unknown as Record<keyof AwsS3Like, (input: object) => PromiseLike<Output>>
    this.#bucket = bucket
  }

  get(Key: string, { first, ifMatch }: { first?: number; ifMatch?: string } = {}): Promise<Reply> {
    return this.#request('getObject', {
      Key,
      ...(first === undefined ? {} : { Range: `bytes=0-${first - 1}` }),
      ...(ifMatch === undefined ? {} : { IfMatch: ifMatch }),
    })
  }

  put(Key: string, Body: Uint8Array, condition: Condition): Promise<Reply> {
    const IfCondition = 'ifMatch' in condition ? { IfMatch: condition.ifMatch } : { IfNoneMatch: condition.ifNoneMatch }
    return this.#request('putObject', { Key, Body, ...IfCondition })
  }

  remove(Key: string, IfMatch: string): Promise<Reply> {
    return this.#request('deleteObject', { Key, IfMatch })
  }

  async list(Prefix: string, MaxKeys: number, ContinuationToken: string | undefined): Promise<Listing> {
    const {
      Contents = [],
      IsTruncated,
      NextContinuationToken,
    } = await this.#client.listObjectsV2({
      Bucket: this.#bucket,
      Prefix,
      MaxKeys,
      ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
    })
    return { names: Contents.map(({ Key }) => String(Key)), next: IsTruncated ? NextContinuationToken : undefined }
  }

  /** The client's own errors come out as they are, but for those that are a reply to the condition. */
  async #request(method: 'getObject' | 'putObject' | 'deleteObject', input: object): Promise<Reply> {
    try {
      const output = await this.#client[method]({ Bucket: this.#bucket, ...input })
      const body = (await output.Body?.transformToByteArray()) ?? new Uint8Array()
      return replyOf(output, body, undefined)
    } catch (error) {
      const { name, $metadata } = error as Output & { name?: string }
      const reply = replyOf({ ...($metadata && { $metadata }) }, new Uint8Array(), name)
      if (!isExpected(reply) || reply.status < 400) throw error
      return reply
    }
  }
}

const replyOf = ({ ETag, $metadata }: Output, body: Uint8Array, reason: string | undefined): Reply => ({
  status: $metadata?.httpStatusCode ?? 0,
  etag: ETag,
  body,
  attempts: $metadata?.attempts ?? 1,
  dateMs: undefined,
  reason,
})
