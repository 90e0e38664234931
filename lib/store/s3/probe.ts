// What is found out of a server when a store is opened: that it obeys conditions, for some ignore them, and that the
// objects are of a format that this version reads.

import { isInterruption } from '../../core/interruption.js'
import type { Steps } from '../../core/steps.js'
import { storeFormat } from '../format.js'
import type { Bucket } from './bucket.js'
import { failureOf } from './failures.js'
import { markerName } from './names.js'
import type { Condition, Reply } from './objects.js'

const format = 1
const marker = Buffer.from(`${JSON.stringify({ holdfast: 'store', format })}\n`)

/** Where it is tried whether the server deletes an object in spite of a condition. No key has a dot in its name. */
const probeName = 'holdfast.probe'

/** No content has this sum. */
const noEtag = `"${'0'.repeat(32)}"`
const absent: Condition = { ifNoneMatch: '*' }

/** Returns whether the server deletes exactly one version of an object. */
export function* openBucket(bucket: Bucket): Steps<boolean> {
  const putMarker = (condition: Condition) => put(bucket, markerName, condition)
  // Where the second call finds nothing either, the server has ignored its condition, for the marker is never deleted.
  if (isDone(yield* putMarker(absent)) && isDone(yield* putMarker(absent))) throw unconditional('If-None-Match', bucket)
  yield* checkFormat(bucket)
  if (isDone(yield* putMarker({ ifMatch: noEtag }))) throw unconditional('If-Match', bucket)
  return yield* deletesExactly(bucket)
}

function* checkFormat(bucket: Bucket): Steps<void> {
  const reply = yield* bucket.get(markerName)
  const found = formatOf(Buffer.from(reply.body).toString())
  if (found !== format) throw storeFormat(`the objects below ${bucket.prefix}`, String(found ?? 'unknown'), format)
}

function formatOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { format?: unknown }).format
  } catch {
    return undefined
  }
}

/** A few tries, because where conditions are ignored, another call may have deleted the object meanwhile. */
function* deletesExactly(bucket: Bucket): Steps<boolean> {
  for (let tries = 0; tries < 3; tries++) {
    yield* put(bucket, probeName, absent)
    const status = yield* statusOfDelete(bucket)
    if (status !== 404) return status === 412
  }
  return false
}

/** A server that knows no such condition, or a user that may not delete: then nothing is deleted. */
function* statusOfDelete(bucket: Bucket): Steps<number> {
  const name = `${bucket.prefix}${probeName}`
  try {
    return (yield* bucket.look(() => bucket.send(objects => objects.remove(name, noEtag)))).status
  } catch (error) {
    if (isInterruption(error) || failureOf(error) !== 'refused') throw error
    return 0
  }
}

/** It may be repeated: what is put is the same each time. */
const put = (bucket: Bucket, name: string, condition: Condition): Steps<Reply> =>
  bucket.look(() => bucket.send(objects => objects.put(`${bucket.prefix}${name}`, marker, condition)))

const isDone = ({ status }: Reply): boolean => status < 400

function unconditional(header: string, { prefix }: Bucket): Error {
  const message = `The server ignores ${header}, so nothing can be kept safely in the objects below '${prefix}'`
  return Object.assign(new Error(message), { code: 'ERR_UNCONDITIONAL' })
}
