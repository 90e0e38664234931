// Reads a file that is open as a whole, as far as it may be read.

import { fs, type Steps } from '../core/steps.js'
import { readPieces } from '../parts/bytes.js'
import type { Budget } from './limits.js'

export function* readOpened(fd: number, path: string, budget: Budget): Steps<Buffer> {
  const was = yield* fs.fstat(fd)
  budget.read(Number(was.size), path)
  const pieces: Buffer[] = []
  let bytes = 0
  // biome-ignore lint/correctness/useYield: there is nothing to call
  yield* readPieces(fd, was, function* (piece) {
    bytes += piece.length
    budget.read(bytes, path)
    pieces.push(Buffer.from(piece))
  })
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
}
