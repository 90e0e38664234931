// A file that is written while its bytes are summed. Each takes about as long as the other, so one is done while the other is
// under way: small pieces gather in a buffer, and the piece that fills it is summed while the buffer is written.

import type { FileProgress } from '../core/progress.js'
import type { Steps } from '../core/steps.js'
import { soon } from '../core/timers.js'
import { writeBytes } from '../parts/bytes.js'
import type { Sum } from './digest.js'

/** Four pieces of a stream of Node's: the sum of one takes longer than to write them all. */
const bufferBytes = 256 * 1024

export class SummedFile {
  readonly #fd: number
  readonly #sum: Sum
  readonly #progress: FileProgress | undefined
  #buffer: Buffer | undefined
  #gathered = 0
  /** The piece that has filled the buffer, or found no room in it: it is not summed yet. */
  #last: Uint8Array | undefined
  #isGathered = false

  constructor(fd: number, sum: Sum, progress: FileProgress | undefined) {
    this.#fd = fd
    this.#sum = sum
    this.#progress = progress
  }

  /**
   * Returns whether it takes another piece. If not, `flush` is to come first, and until that has ended the memory of this
   * piece must stay as it is.
   */
  readonly take = (piece: Uint8Array): boolean => {
    const end = this.#gathered + piece.length
    this.#isGathered = end <= bufferBytes
    if (this.#isGathered) {
      this.#buffer ??= Buffer.allocUnsafe(bufferBytes)
      this.#buffer.set(piece, this.#gathered)
      this.#gathered = end
    }
    if (end < bufferBytes) this.#sum.add(piece)
    else this.#last = piece
    return end < bufferBytes
  };

  *flush(): Steps<void> {
    const last = this.#last
    this.#last = undefined
    let isSummed = last === undefined
    const sum = () => {
      if (!isSummed && last) this.#sum.add(last)
      isSummed = true
    }
    // It comes when the write has begun, if the pool makes that; and in the sync form never.
    if (last) soon(sum)
    const gathered = this.#buffer?.subarray(0, this.#gathered)
    this.#gathered = 0
    if (gathered && gathered.length > 0) yield* writeBytes(this.#fd, gathered, 0, this.#progress)
    if (last && !this.#isGathered) yield* writeBytes(this.#fd, last, 0, this.#progress)
    sum()
  }

  end(): { digest: string; size: number } {
    return { digest: this.#sum.digest(), size: this.#sum.bytes }
  }
}
