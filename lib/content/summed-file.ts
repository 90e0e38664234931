// A file that is written while its bytes are summed. Each takes about as long as the other, so one is done while the other is
// under way: small pieces gather in a buffer, and the piece that fills it is summed while the buffer is written.

import type { FileProgress } from '../core/progress.js'
import type { Steps } from '../core/steps.js'
import { writeBytes } from '../parts/bytes.js'
import type { Sum } from './digest.js'

/** Four pieces of a stream of Node's: the sum of one takes longer than to write them all. */
const bufferBytes = 256 * 1024

export class SummedFile {
  readonly #fd: number
  readonly #sum: Sum
  readonly #progress: FileProgress | undefined
  /** Made when it is known that there is more than one piece. */
  #buffer: Buffer | undefined
  #gathered = 0

  constructor(fd: number, sum: Sum, progress: FileProgress | undefined) {
    this.#fd = fd
    this.#sum = sum
    this.#progress = progress
  }

  /** Its source may use the memory of the piece again afterwards. */
  *add(piece: Uint8Array): Steps<void> {
    if (this.#gathered + piece.length > bufferBytes) yield* this.#flush()
    if (piece.length >= bufferBytes) return yield* this.#write(piece, piece)
    this.#buffer ??= Buffer.allocUnsafe(bufferBytes)
    this.#buffer.set(piece, this.#gathered)
    this.#gathered += piece.length
    if (this.#gathered < bufferBytes) this.#sum.add(piece)
    else yield* this.#flush(piece)
  }

  *end(): Steps<{ digest: string; size: number }> {
    yield* this.#flush()
    return { digest: this.#sum.digest(), size: this.#sum.bytes }
  }

  *#flush(unsummed?: Uint8Array): Steps<void> {
    if (!this.#buffer || this.#gathered === 0) return
    const bytes = this.#buffer.subarray(0, this.#gathered)
    this.#gathered = 0
    yield* this.#write(bytes, unsummed)
  }

  /** A microtask comes when the write has begun, if the pool makes it, and in the sync form never. */
  *#write(bytes: Uint8Array, unsummed: Uint8Array | undefined): Steps<void> {
    let isSummed = unsummed === undefined
    const sum = () => {
      if (!isSummed && unsummed) this.#sum.add(unsummed)
      isSummed = true
    }
    if (!isSummed) queueMicrotask(sum)
    yield* writeBytes(this.#fd, bytes, 0, this.#progress)
    sum()
  }
}
