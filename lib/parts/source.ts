// Where the data comes from that is to be written: all of it at once, or piece by piece.

import { asBytes, refusal } from '../core/input.js'
import { fs, type Steps } from '../core/steps.js'

type Piece = string | NodeJS.ArrayBufferView

/** What can be written: text, bytes, or what gives them piece by piece (arrays, generators, Node's and the web's streams). */
export type Data = Piece | Iterable<Piece> | AsyncIterable<Piece>

export interface Source {
  /** All of it, if it was given at once; it can be written again. */
  readonly whole: Uint8Array | undefined
  /** The next piece; undefined at the end. */
  next(): Steps<Uint8Array | undefined>
  /** Nothing more is wanted of it. */
  stop(): void
}

export function asEncoding(value: unknown): BufferEncoding {
  if (value === undefined) return 'utf8'
  if (typeof value === 'string' && Buffer.isEncoding(value)) return value
  throw refusal('ERR_INVALID_ARG_VALUE', 'options.encoding', 'an encoding that Buffer knows', value)
}

/** Waits for a piece. */
type Wait = <T>(answer: T | PromiseLike<T>) => Steps<Awaited<T>>

export function asSource(value: unknown, name: string, encoding: BufferEncoding, wait: Wait = fs.settle): Source {
  if (typeof value === 'string') return whole(Buffer.from(value, encoding))
  if (ArrayBuffer.isView(value)) return whole(asBytes(value, name))
  const { [Symbol.asyncIterator]: many, [Symbol.iterator]: few } = (value ?? {}) as AsyncIterable<Piece> &
    Iterable<Piece>
  const pieces = typeof many === 'function' ? many.call(value) : typeof few === 'function' ? few.call(value) : undefined
  if (pieces) return new Pieces(value as Iterable<Piece> | AsyncIterable<Piece>, pieces, name, encoding, wait)
  const expected =
    'of type string or an instance of Buffer, TypedArray, or DataView, or an iterable or a stream of those'
  throw refusal('ERR_INVALID_ARG_TYPE', name, expected, value)
}

const whole = (bytes: Uint8Array): Source => ({ whole: bytes, next: nothing, stop() {} })

// biome-ignore lint/correctness/useYield: there is nothing to call
function* nothing(): Steps<undefined> {
  return undefined
}

class Pieces implements Source {
  readonly whole = undefined
  #over = false

  constructor(
    readonly given: Iterable<Piece> | AsyncIterable<Piece>,
    readonly pieces: Iterator<Piece> | AsyncIterator<Piece>,
    readonly name: string,
    readonly encoding: BufferEncoding,
    readonly wait: Wait,
  ) {}

  *next(): Steps<Uint8Array | undefined> {
    const { done, value } = yield* this.wait(this.pieces.next())
    if (done) {
      this.#over = true
      return undefined
    }
    if (typeof value === 'string') return Buffer.from(value, this.encoding)
    return asBytes(value, `${this.name} (a piece of it)`)
  }

  /** Nobody waits for it: one that has stalled would never answer. */
  stop(): void {
    if (this.#over) return
    this.#over = true
    const { destroy } = this.given as { destroy?: unknown }
    if (typeof destroy === 'function') destroy.call(this.given)
    else new Promise(over => over(this.pieces.return?.())).catch(() => {})
  }
}
