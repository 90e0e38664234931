// Reads a file line by line, in pieces.

import { fs, type Steps } from '../core/steps.js'
import { lineEnd, tornMark } from '../parts/torn-lines.js'

/** A line of a file. */
export interface Line {
  /** What is in the line, without its end and without the mark of a torn one. */
  readonly text: string
  /**
   * The record was written only in part: its line was closed with a mark, or is the last one and has no end. In the second
   * case its write may be under way.
   */
  readonly torn: boolean
  /** The byte at which the line begins. */
  readonly start: number
  /** The byte behind the line: where a later reading goes on. */
  readonly end: number
}

/** A file that is read. */
export class Reader {
  readonly #encoding: BufferEncoding
  /** Undefined before it was opened, and when it is closed. */
  fd: number | undefined
  /** Where the next piece begins. */
  #position: number
  /** Where the line begins of which a part was read, and that part. */
  #start: number
  #parts: Uint8Array[] = []
  #isOver = false

  constructor(encoding: BufferEncoding, start: number) {
    this.#encoding = encoding
    this.#position = start
    this.#start = start
  }

  /** Returns the lines of the next piece; undefined at the end. */
  *next(): Steps<Line[] | undefined> {
    if (this.#isOver || this.fd === undefined) return undefined
    const piece = Buffer.allocUnsafe(pieceBytes)
    const got = yield* fs.read(this.fd, piece, this.#position)
    this.#position += got
    if (got > 0) return this.#split(piece.subarray(0, got))
    this.#isOver = true
    const last = this.#parts.length > 0 ? this.#take(Buffer.alloc(0), this.#position, true) : undefined
    return last && [last]
  }

  #split(piece: Buffer): Line[] {
    const lines: Line[] = []
    let from = 0
    for (let at = piece.indexOf(lineEnd); at >= 0; at = piece.indexOf(lineEnd, from)) {
      const end = this.#position - piece.length + at + 1
      const line = this.#take(piece.subarray(from, at), end, false)
      if (line) lines.push(line)
      from = at + 1
    }
    if (from < piece.length) this.#parts.push(piece.subarray(from))
    return lines
  }

  /** The line that ends here; undefined if it is empty: so is what closes a record of which nothing is left. */
  #take(rest: Uint8Array, end: number, isUnended: boolean): Line | undefined {
    const bytes = this.#parts.length > 0 ? Buffer.concat([...this.#parts, rest]) : Buffer.from(rest)
    const start = this.#start
    this.#parts = []
    this.#start = end
    const isMarked = bytes.at(-1) === tornMark
    const text = bytes.toString(this.#encoding, 0, bytes.length - (isMarked ? 1 : 0))
    return text === '' ? undefined : { text, torn: isMarked || isUnended, start, end }
  }
}

const pieceBytes = 64 * 1024
