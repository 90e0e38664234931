// The bytes of open files: written and copied in pieces, so that a signal or a time-out takes effect between two of
// them, and nothing is special about a file over 2 GiB.

import type { FileProgress } from '../core/progress.js'
import type { Stats } from '../core/stats.js'
import { fs, type Steps } from '../core/steps.js'

/** Small enough to take only milliseconds, and large enough that a trip to the pool does not matter. */
export const pieceBytes = 1024 * 1024

/** Writes what is left of the bytes after the first `written`: one call may write only a part. */
export function* writeBytes(fd: number, bytes: Uint8Array, written = 0, progress?: FileProgress): Steps<void> {
  for (let at = written; at < bytes.length; ) {
    const isWhole = at === 0 && bytes.length <= pieceBytes
    const more = yield* fs.write(fd, isWhole ? bytes : bytes.subarray(at, at + pieceBytes))
    at += more
    if (progress) yield* progress.advance(more)
  }
}

/** The same at a position. */
export function* writeBytesAt(fd: number, bytes: Uint8Array, position: number): Steps<void> {
  for (let at = 0; at < bytes.length; ) at += yield* fs.write(fd, at === 0 ? bytes : bytes.subarray(at), position + at)
}

/** What is done with a piece of a file that begins at a position. */
export type Put = (piece: Uint8Array, position: number) => Steps<void>

/** For a file that says it has no bytes: those of procfs do so, whatever they have. */
const firstPieceBytes = 64 * 1024

/**
 * Passes all the bytes of an open file, from its beginning, to `put`. Returns how many there were. `was` is what `fstat`
 * returned for it.
 *
 * Only a read says where a file ends, because its size may be a lie (procfs, sysfs), or out of date. A file that grows
 * is copied as far as it reached when it was seen to have grown: no other process can make this go on without end.
 */
export function* readPieces(source: number, was: Stats, put: Put): Steps<number> {
  const size = Number(was.size)
  // One byte more than there should be: a read that fills less, and ends at the size, has seen the end.
  let buffer = Buffer.allocUnsafe(Math.min(size === 0 ? firstPieceBytes : size + 1, pieceBytes))
  let limit = Number.POSITIVE_INFINITY
  let at = 0
  while (at < limit) {
    const wanted = Math.min(buffer.length, limit - at)
    const got = yield* fs.read(source, wanted < buffer.length ? buffer.subarray(0, wanted) : buffer, at)
    if (got === 0) break
    yield* put(got < buffer.length ? buffer.subarray(0, got) : buffer, at)
    at += got
    if (at === size && got < wanted) break
    if (at <= size || limit < Number.POSITIVE_INFINITY) continue
    limit = yield* limitOf(source, size)
    if (buffer.length < pieceBytes) buffer = Buffer.allocUnsafe(pieceBytes)
  }
  return at
}

/** A file has more bytes than it said. If it has grown, returns how many; if it was a lie, there is no limit. */
function* limitOf(source: number, size: number): Steps<number> {
  const now = Number((yield* fs.fstat(source)).size)
  return now > size ? now : Number.POSITIVE_INFINITY
}
