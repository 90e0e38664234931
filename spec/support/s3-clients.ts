// The clients of S3, for specs of stores.

import type { S3Like } from 'holdfast/s3'
import { engine, noEngines } from './engines.js'

export interface S3Client {
  readonly name: string
  connect(endpoint: string): S3Like
}

/** Why those that are packages cannot be tried; undefined: they can. */
export const noS3Clients = noEngines

const keys = { accessKeyId: 'holdfast', secretAccessKey: 'specs' }
const region = 'us-east-1'

const aws4fetch: S3Client = {
  name: 'aws4fetch',
  connect: () => new (engine('aws4fetch').AwsClient)({ ...keys, region, service: 's3', retries: 0 }),
}

const itsFetch: S3Client = {
  name: 'the fetch of aws4fetch',
  connect(endpoint) {
    const client = aws4fetch.connect(endpoint) as { fetch: typeof fetch }
    return (url, init) => client.fetch(url, init)
  },
}

/** With its retries on, as they are by default. */
const awsSdk: S3Client = {
  name: '@aws-sdk/client-s3',
  connect: endpoint =>
    new (engine('@aws-sdk/client-s3').S3)({ endpoint, region, credentials: keys, forcePathStyle: true }),
}

export const s3Clients: readonly S3Client[] = [aws4fetch, itsFetch, awsSdk]
