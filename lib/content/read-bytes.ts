// The bytes of an open blob, in pieces.

import { fs, type Steps } from '../core/steps.js'
import { pieceBytes } from '../parts/bytes.js'
import { type Algorithm, algorithmOf, digestOf, Sum } from './digest.js'

/** Reads from one position to another, or to the end of the file. */
export function* readBytes(fd: number, from: number, to: number): Steps<Buffer> {
  const bytes = Buffer.allocUnsafe(to - from)
  let at = 0
  while (at < bytes.length) {
    const got = yield* fs.read(fd, bytes.subarray(at, at + pieceBytes), from + at)
    if (got === 0) break
    at += got
  }
  return bytes.subarray(0, at)
}

/** Reads an open file that is to have so many bytes; undefined if it has more or fewer. */
export function* readWhole(fd: number, size: number): Steps<Buffer | undefined> {
  // With room for one byte more, the read that comes to the end shows that it does.
  const bytes = Buffer.allocUnsafe(size + 1)
  let at = 0
  while (at < bytes.length) {
    const piece = bytes.length <= pieceBytes ? bytes.subarray(at) : bytes.subarray(at, at + pieceBytes)
    const got = yield* fs.read(fd, piece, at)
    at += got
    if (got === 0 || (at === size && got < piece.length)) break
  }
  return at === size ? bytes.subarray(0, size) : undefined
}

/** Has the open file the bytes that a digest says, of which there are so many? */
export function* hasDigest(fd: number, digest: string, size: number): Steps<boolean> {
  const algorithm = algorithmOf(digest)
  if (size > pieceBytes) return (yield* sumOf(fd, algorithm)).digest === digest
  const bytes = yield* readWhole(fd, size)
  return bytes !== undefined && (yield* digestOf(bytes, algorithm)) === digest
}

/** The digest of an open file, and how many bytes it has. */
export function* sumOf(fd: number, algorithm: Algorithm): Steps<{ digest: string; size: number }> {
  const sum = new Sum(algorithm)
  // Most blobs are small.
  let buffer = Buffer.allocUnsafe(firstBytes)
  for (;;) {
    const got = yield* fs.read(fd, buffer, sum.bytes)
    if (got === 0) return { digest: sum.digest(), size: sum.bytes }
    sum.add(buffer.subarray(0, got))
    if (got === firstBytes) buffer = Buffer.allocUnsafe(pieceBytes)
  }
}

const firstBytes = 64 * 1024
