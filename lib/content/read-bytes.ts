// The bytes of an open blob, in pieces.

import { fs, type Steps } from '../core/steps.js'
import { pieceBytes } from '../parts/bytes.js'
import { type Algorithm, algorithmOf, Sum } from './digest.js'

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

/** Has the open file the bytes that a digest says? */
export function* hasDigest(fd: number, digest: string): Steps<boolean> {
  return (yield* sumOf(fd, algorithmOf(digest))).digest === digest
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
