// Reads blobs. What is open stays readable, whatever becomes of its name.

import { hasCode, isSystemError } from '../core/errors.js'
import { fs, type Steps } from '../core/steps.js'
import { type Again, achieve, again } from '../parts/achieve.js'
import { tidy } from '../parts/cleanup.js'
import { closing } from '../parts/stage.js'
import { type Blobs, type Found, keyOf, miss } from './blobs.js'
import { algorithmOf, digestOf, isOfNothing } from './digest.js'
import { explainMiss } from './evicted.js'
import { finder } from './find.js'
import { quarantine } from './heal.js'
import { pathOf } from './layout.js'
import { patience } from './leases.js'
import { hasDigest, readBytes, readWhole } from './read-bytes.js'

/** A blob that is open. */
export interface Opened {
  readonly fd: number
  readonly found: Found
}

/** Opens a blob; undefined if it is not there. */
export function* open(blobs: Blobs, digest: string, executable?: boolean): Steps<Opened | undefined> {
  const known = blobs.known.get(keyOf(digest, executable ?? false))
  const opened = (known && (yield* openKnown(known))) ?? (yield* openNext(blobs, digest, executable))
  if (opened) blobs.promisedMs.delete(digest)
  return opened
}

/** Usually a blob is where it was: then one call is all. */
function* openKnown(found: Found): Steps<Opened | undefined> {
  try {
    return { found, fd: yield* fs.open(found.path, 'r nofollow') }
  } catch (error) {
    if (!isSystemError(error)) throw error
    return undefined
  }
}

/** Looks where it is, and again if it goes in the meantime. */
function* openNext(blobs: Blobs, digest: string, executable?: boolean): Steps<Opened | undefined> {
  const next = finder(blobs, digest, executable)
  let missed = 0
  const holds = function* (error: unknown): Steps<Again | undefined> {
    if (!hasCode(error, 'ENOENT') || ++missed >= patience.tries) return undefined
    // The first time, what this store object knew was only out of date.
    if (missed > 1) yield* fs.sleep(patience.backoff)
    return again
  }
  try {
    return yield* achieve<Opened>(
      function* () {
        const found = yield* next()
        return { found, fd: yield* fs.open(found.path, 'r nofollow') }
      },
      holds,
      blobs.trial(blobs.root),
    )
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
    const { path, generation } = opened.found
    const isLease = path !== pathOf(blobs.root, generation)
    yield* quarantine(blobs, generation)
    if (isLease) return undefined
  }
}

/** Undefined: it does not have the bytes that it should have. */
function* readOpened(blobs: Blobs, { fd, found }: Opened, { start, end }: Range): Steps<Buffer | undefined> {
  const { size, digest } = found.generation
  if (Date.now() - (found.usedMs ?? 0) >= noteAfterMs) yield* noteUse(fd, found)
  if (start > 0 || end < size) return yield* readPart(fd, size, start, end)
  const bytes = yield* readWhole(fd, size)
  if (bytes === undefined || blobs.settings.verify === 'size') return bytes
  return (yield* digestOf(bytes, algorithmOf(digest))) === digest ? bytes : undefined
}

function* readPart(fd: number, size: number, start: number, end: number): Steps<Buffer | undefined> {
  if ((yield* fs.fstat(fd)).size !== BigInt(size)) return undefined
  const [from, to] = [Math.min(start, size), Math.min(end, size)]
  return yield* readBytes(fd, from, Math.max(from, to))
}

/** A use is noted when the last one is an hour ago. */
const noteAfterMs = 3_600_000

/**
 * Notes that a blob was used: its mode is set to what it is, which changes the ctime and nothing else. The mtime belongs to
 * the files that are linked from it, by which programs see whether those have changed.
 */
export function* noteUse(fd: number, found: Found): Steps<void> {
  const { ctimeMs, mode } = yield* fs.fstat(fd)
  found.usedMs = Number(ctimeMs)
  if (Date.now() - found.usedMs < noteAfterMs) return
  yield* tidy(fs.fchmod(fd, Number(mode & 0o7777n)))
  found.usedMs = Date.now()
}

/** Has the blob at this path the bytes that its name says? */
export function* isGood(blobs: Blobs, { path, generation }: Found): Steps<boolean> {
  const { digest, size } = generation
  const fd = yield* fs.open(path, 'r nofollow')
  return yield* closing(fd, function* () {
    if (blobs.settings.verify === 'size') return (yield* fs.fstat(fd)).size === BigInt(size)
    return yield* hasDigest(fd, digest, size)
  })
}
