// A blob as a stream. It is read from an open file, so it comes to its end, whatever becomes of the blob meanwhile.

import { Readable } from 'node:stream'
import { dual } from '../core/dual.js'
import { fs, type Steps } from '../core/steps.js'
import { tidy } from '../parts/cleanup.js'
import type { Blobs } from './blobs.js'
import { algorithmOf, isOfNothing, Sum } from './digest.js'
import { explainMiss } from './evicted.js'
import { quarantine } from './heal.js'
import { type Opened, open, type Range } from './read.js'

const highWaterBytes = 64 * 1024

/** Opens a blob for a stream; undefined if it is not there. The stream closes it. */
export function* openForStream(blobs: Blobs, digest: string): Steps<Opened | undefined> {
  const opened = yield* open(blobs, digest)
  if (!opened) return yield* explainMiss(blobs, digest)
  yield* fs.keep(opened.fd)
  return opened
}

const readPiece = dual(function* contentStreamRead(
  _digest: string,
  fd: number,
  into: Buffer,
  at: number,
): Steps<number> {
  return yield* fs.read(fd, into, at)
})

const close = dual(function* contentStreamClose(_digest: string, opened: Opened): Steps<void> {
  yield* tidy(fs.close(opened.fd))
})

const heal = dual(function* contentHeal(_digest: string, blobs: Blobs, { found }: Opened): Steps<void> {
  yield* quarantine(blobs, found.generation)
})

export function streamOf(blobs: Blobs, digest: string, opened: Opened | undefined, { start, end }: Range): Readable {
  if (!opened || isOfNothing(digest)) return Readable.from([], { objectMode: false })
  const { size } = opened.found.generation
  const [from, to] = [Math.min(start, size), Math.min(end, size)]
  const sum = from === 0 && to === size && blobs.settings.verify === 'digest' ? new Sum(algorithmOf(digest)) : undefined
  let at = from
  const next = async (): Promise<Buffer | null> => {
    const into = Buffer.allocUnsafe(Math.max(0, Math.min(highWaterBytes, to - at)))
    const got = into.length === 0 ? 0 : await readPiece(digest, opened.fd, into, at)
    const piece = into.subarray(0, got)
    sum?.add(piece)
    at += got
    if (got > 0) return piece
    const isWhole = at >= to && (!sum || sum.digest() === digest)
    if (isWhole) return null
    await heal(digest, blobs, opened)
    throw Object.assign(new Error(`The blob ${digest} is damaged`), { code: 'ERR_DIGEST', expected: digest })
  }
  // The number of a descriptor that is closed may be that of another file a moment later.
  let reading: Promise<unknown> = Promise.resolve()
  return new Readable({
    highWaterMark: highWaterBytes,
    read() {
      reading = next().then(
        piece => this.push(piece),
        error => void this.destroy(error),
      )
    },
    destroy(error, done) {
      reading
        .then(() => close(digest, opened))
        .then(
          () => done(error),
          another => done(error ?? another),
        )
    },
  })
}
