// Copies of files with holes have holes, too: a run of zeros is left out, and reads as zeros all the same.

import type { FileProgress } from '../core/progress.js'
import type { Stats } from '../core/stats.js'
import { fs, type Steps } from '../core/steps.js'
import { type Put, pieceBytes, readPieces, writeBytesAt } from './bytes.js'

/** What filesystems allocate at once, at least. */
const blockBytes = 4096

/** Are there fewer blocks than the bytes need? Node cannot ask where the holes are, so they are found by their zeros. */
export const hasHoles = ({ size, blocks }: Stats): boolean => blocks * 512n < size

/** Is there a whole block of zeros among the bytes? */
export function hasRunOfZeros(bytes: Uint8Array): boolean {
  const [whole] = runsOfData(bytes)
  return bytes.length >= blockBytes && (whole === undefined || whole[0] > 0 || whole[1] < bytes.length)
}

/** Copies the bytes of an open file into a new one. */
export function* copyBytes(source: number, target: number, was: Stats, progress?: FileProgress): Steps<void> {
  const counting = (put: Put): Put => (progress ? (...piece) => putAndCount(put, progress, ...piece) : put)
  if (!hasHoles(was))
    yield* readPieces(
      source,
      was,
      counting((piece, at) => writeBytesAt(target, piece, at)),
    )
  else yield* copyAroundHoles(source, target, was, counting)
}

function* putAndCount(put: Put, progress: FileProgress, piece: Uint8Array, position: number): Steps<void> {
  yield* put(piece, position)
  yield* progress.advance(piece.length)
}

function* copyAroundHoles(source: number, target: number, was: Stats, counting: (put: Put) => Put): Steps<void> {
  let end = 0
  const putData: Put = function* (piece, position) {
    for (const [from, to] of runsOfData(piece)) {
      yield* writeBytesAt(target, piece.subarray(from, to), position + from)
      end = position + to
    }
  }
  const size = yield* readPieces(source, was, counting(putData))
  if (end < size) yield* fs.ftruncate(target, size)
}

let zeros: Buffer | undefined

/** The parts of a piece that are not blocks of zeros only: where each begins and ends. */
function* runsOfData(piece: Uint8Array): Generator<readonly [number, number], void> {
  zeros ??= Buffer.alloc(pieceBytes)
  const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length)
  const isZero = (from: number, to: number) => bytes.compare(zeros as Buffer, 0, to - from, from, to) === 0
  if (isZero(0, bytes.length)) return
  let begin: number | undefined
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const hole = isZero(at, Math.min(at + blockBytes, bytes.length))
    if (!hole) begin ??= at
    else if (begin !== undefined) {
      yield [begin, at]
      begin = undefined
    }
  }
  if (begin !== undefined) yield [begin, bytes.length]
}
