// Reads blobs. What is open stays readable, whatever becomes of its name.

import { hasCode } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, type Steps } from '../core/steps.js'
import { type Again, achieve, again } from '../parts/achieve.js'
import { tidy } from '../parts/cleanup.js'
import { closing } from '../parts/stage.js'
import { type Blobs, miss } from './blobs.js'
import { algorithmOf, digestOf, isOfNothing } from './digest.js'
import { explainMiss } from './evicted.js'
import { type Found, finder } from './find.js'
import { quarantine } from './heal.js'
import { pathOf } from './layout.js'
import { patience } from './leases.js'
import { hasDigest, readBytes } from './read-bytes.js'

/** A blob that is open. */
export interface Opened extends Found {
  readonly fd: number
}

/** Opens a blob; undefined if it is not there. One that goes in the meantime is looked for again. */
export function* open(blobs: Blobs, digest: string, executable?: boolean): Steps<Opened | undefined> {
  const next = finder(blobs, digest, executable)
  let missed = 0
  const holds = function* (error: unknown): Steps<Again | undefined> {
    if (!hasCode(error, 'ENOENT') || ++missed >= patience.tries) return undefined
    // The first time, what this store object knew was only out of date.
    if (missed > 1) yield* fs.sleep(patience.backoff)
    return again
  }
  try {
    const opened = yield* achieve<Opened>(
      function* () {
        const found = yield* next()
        return { ...found, fd: yield* fs.open(found.path, 'r nofollow') }
      },
      holds,
      blobs.trial(blobs.root),
    )
    blobs.promisedMs.delete(digest)
    return opened
  } catch (error) {
    if (error === miss || (hasCode(error, 'ENOENT') && missed >= patience.tries)) return undefined
    throw error
  }
}

/** A part of a blob. */
export interface Range {
  readonly start: number
  readonly end: number
}

export const wholeRange: Range = { start: 0, end: Number.POSITIVE_INFINITY }

/** Reads a blob, or a part of it; undefined if it is not there. */
export function* read(blobs: Blobs, digest: string, range: Range): Steps<Buffer | undefined> {
  if (isOfNothing(digest)) return Buffer.alloc(0)
  for (;;) {
    const opened = yield* open(blobs, digest)
    if (!opened) return yield* explainMiss(blobs, digest)
    const bytes = yield* closing(opened.fd, () => readOpened(blobs, opened, range))
    if (bytes) return bytes
    // It is damaged. Another generation may be whole.
    const isLease = opened.path !== pathOf(blobs.root, opened.generation)
    yield* quarantine(blobs, opened.generation)
    if (isLease) return undefined
  }
}

/** Undefined: it does not have the bytes that it should have. */
function* readOpened(blobs: Blobs, { fd, generation }: Opened, { start, end }: Range): Steps<Buffer | undefined> {
  const { size, digest } = generation
  const stats = yield* fs.fstat(fd)
  if (stats.size !== BigInt(size)) return undefined
  yield* noteUse(fd, stats)
  const [from, to] = [Math.min(start, size), Math.min(end, size)]
  const bytes = yield* readBytes(fd, from, Math.max(from, to))
  const isWhole = bytes.length === size
  if (!isWhole || blobs.settings.verify === 'size') return bytes
  return (yield* digestOf(bytes, algorithmOf(digest))) === digest ? bytes : undefined
}

/** A use is noted when the last one is an hour ago. */
const noteAfterMs = 3_600_000

/**
 * Notes that a blob was used: its mode is set to what it is, which changes the ctime and nothing else. The mtime belongs to
 * the files that are linked from it, by which programs see whether those have changed.
 */
export function* noteUse(fd: number, { ctimeMs, mode }: Stats): Steps<void> {
  if (Date.now() - Number(ctimeMs) >= noteAfterMs) yield* tidy(fs.fchmod(fd, Number(mode & 0o7777n)))
}

/** Has the blob at this path the bytes that its name says? */
export function* isGood(blobs: Blobs, { path, generation }: Found): Steps<boolean> {
  const fd = yield* fs.open(path, 'r nofollow')
  return yield* closing(fd, function* () {
    const stats = yield* fs.fstat(fd)
    if (stats.size !== BigInt(generation.size)) return false
    return blobs.settings.verify === 'size' || (yield* hasDigest(fd, generation.digest))
  })
}
