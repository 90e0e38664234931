// What was evicted last, so that a blob that is missing can be explained by facts.

import { isSystemError } from '../core/errors.js'
import { pidOf } from '../core/owner-words.js'
import { fs, type Steps } from '../core/steps.js'
import { writeFile } from '../write-file.js'
import type { Blobs } from './blobs.js'
import type { Usage } from './contract.js'
import type { Retrying } from './reserve.js'
import type { Seen } from './scan.js'

interface Eviction {
  /** ms since 1970. */
  readonly atMs: number
  /** The process that did it, as it is spelled in names. */
  readonly by: string
  readonly maxBytes: number | null
  /** How many bytes were left that could have been evicted as well, and how many nothing could have freed. */
  readonly bytes: number
  readonly pinnedBytes: number
  readonly digests: readonly string[]
}

const fileOf = ({ root }: Blobs): string => `${root}/evicted.json`

/** How many digests are remembered. */
const mostDigests = 1000

/** Best effort: the blobs are gone, whether it can be noted or not. */
export function* noteEvicted(blobs: Blobs, gone: readonly Seen[], left: Usage, { retryFor }: Retrying): Steps<void> {
  const digests = gone.flatMap(({ generation }) => generation?.digest ?? []).slice(-mostDigests)
  if (digests.length === 0) return
  const eviction: Eviction = {
    atMs: Date.now(),
    by: yield* fs.self(),
    maxBytes: finite(blobs.limits?.maxBytes),
    bytes: left.bytes,
    pinnedBytes: left.pinnedBytes,
    digests,
  }
  const kept: Eviction[] = [eviction]
  let room = mostDigests - digests.length
  for (const one of yield* readEvictions(blobs)) {
    room -= one.digests.length
    if (room < 0) break
    kept.push(one)
  }
  try {
    yield* writeFile.steps(fileOf(blobs), JSON.stringify(kept), { durability: 'none', retryFor })
  } catch (error) {
    if (!isSystemError(error)) throw error
  }
}

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null

/** The latest first. */
function* readEvictions(blobs: Blobs): Steps<readonly Eviction[]> {
  try {
    const text = (yield* fs.readFile(fileOf(blobs))).toString()
    const all: unknown = JSON.parse(text)
    return Array.isArray(all) ? all.filter(one => Array.isArray(one?.digests)) : []
  } catch (error) {
    if (!isSystemError(error) && !(error instanceof SyntaxError)) throw error
    return []
  }
}

/**
 * A blob is missing. If a caller was informed that it is there, and it was evicted since, throws the facts, once.
 * @throws `ERR_EVICTED`
 */
export function* explainMiss(blobs: Blobs, digest: string): Steps<undefined> {
  const promisedMs = blobs.promisedMs.get(digest)
  if (promisedMs === undefined) return undefined
  blobs.promisedMs.delete(digest)
  const all = yield* readEvictions(blobs)
  const eviction = all.find(({ atMs, digests }) => atMs > promisedMs && digests.includes(digest))
  if (!eviction) return undefined
  const { atMs, by, maxBytes, bytes, pinnedBytes } = eviction
  const limit = maxBytes === null ? 'no limit of bytes' : `a limit of ${maxBytes} bytes`
  const message =
    `${digest} was there, and was evicted at ${new Date(atMs).toISOString()} by process ${pidOf(by)}, which had ${limit}. ` +
    `${bytes} bytes were left then, and ${pinnedBytes} that are leased or linked elsewhere. A lease keeps a blob.`
  const facts = { code: 'ERR_EVICTED', digest, evictedAt: atMs, evictedBy: by, maxBytes, bytes, pinnedBytes }
  throw Object.assign(new Error(message), facts)
}
