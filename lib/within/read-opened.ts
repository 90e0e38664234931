// Reads files that are open, as far as they may be read.

import { fs, type Steps } from '../core/steps.js'
import { readPieces } from '../parts/bytes.js'
import type { Budget } from './limits.js'
import { joined } from './paths.js'
import type { Session } from './session.js'

/** Reads a file as a whole. */
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

/** Reads a piece of a file that an algorithm has opened itself. */
export function* readPiece(session: Session, fd: number, into: Uint8Array, position: number | null): Steps<number> {
  const bytes = yield* fs.read(fd, into, position)
  const names = session.own.get(fd)?.names ?? []
  session.budget.read((position ?? 0) + bytes, joined(session.root.path, names))
  return bytes
}
