// The data that is to be written: given as a whole, or piece by piece.

import { asBytes, refusal } from '../core/input.js'
import { fs, type Steps } from '../core/steps.js'
import { ofUser } from './cleanup.js'
import { bodyOf, isResponse, type ResponseLike } from './response.js'

type Piece = string | NodeJS.ArrayBufferView

/**
 * What can be written: text, bytes, what yields them (arrays, generators, Node's streams and the web's), or the body of a
 * response.
 */
export type Data = Piece | Iterable<Piece> | AsyncIterable<Piece> | ResponseLike

export interface Source {
  /** All of it, if it was given as a whole; then it can be written more than once. */
  readonly whole: Uint8Array | undefined
  /** The next piece; undefined at the end. */
  next(): Steps<Uint8Array | undefined>
  /** Passes the next pieces to `take`, until that returns false: it has enough. Returns false at the end. */
  pass(take: (piece: Uint8Array) => boolean): Steps<boolean>
  /** Ends the source early: no further piece is needed. */
  stop(): void
}

export function asEncoding(value: unknown): BufferEncoding {
  if (value === undefined) return 'utf8'
  if (typeof value === 'string' && Buffer.isEncoding(value)) return value
  throw refusal('ERR_INVALID_ARG_VALUE', 'options.encoding', 'an encoding that Buffer knows', value)
}

/** Waits for a value, and returns it. */
type Wait = <T>(value: T | PromiseLike<T>) => Steps<Awaited<T>>

export function asSource(value: unknown, name: string, encoding: BufferEncoding, wait: Wait = fs.settle): Source {
  if (typeof value === 'string') return wholeSource(Buffer.from(value, encoding))
  if (ArrayBuffer.isView(value)) return wholeSource(asBytes(value, name))
  if (isResponse(value)) return asSource(bodyOf(value) ?? '', name, encoding, wait)
  const pieces = iteratorOf(value)
  if (pieces) hearErrors(value)
  if (pieces) return new Pieces(value as Iterable<Piece> | AsyncIterable<Piece>, pieces, name, encoding, wait)
  const expected =
    'of type string or an instance of Buffer, TypedArray, or DataView, or an iterable or a stream of those'
  throw refusal('ERR_INVALID_ARG_TYPE', name, expected, value)
}

/**
 * Takes over the errors of a stream of Node's. One that fails before its first piece is asked for (the call waits for its
 * turn, say) would end the process. The iterator reports the error in any case.
 */
function hearErrors(value: unknown): void {
  const { on, destroy } = value as { on?: unknown; destroy?: unknown }
  if (typeof on === 'function' && typeof destroy === 'function') on.call(value, 'error', () => {})
}

function iteratorOf(value: unknown): Iterator<Piece> | AsyncIterator<Piece> | undefined {
  const given = (value ?? {}) as Iterable<Piece> & AsyncIterable<Piece>
  if (isOfTheWeb(value)) return readerOf(value)
  if (typeof given[Symbol.asyncIterator] === 'function') return given[Symbol.asyncIterator]()
  return typeof given[Symbol.iterator] === 'function' ? given[Symbol.iterator]() : undefined
}

interface WebStream {
  getReader(): {
    read(): Promise<{ done: boolean; value?: Piece }>
    cancel(): Promise<unknown>
    releaseLock(): void
  }
}

const isOfTheWeb = (value: unknown): value is WebStream =>
  typeof (value as Partial<WebStream> | null)?.getReader === 'function'

/**
 * Not the stream's own iterator: its `return` waits for the piece that was asked for last, so a stream that has stalled
 * would never be cancelled, and its connection would stay open.
 */
function readerOf(stream: WebStream): AsyncIterator<Piece> {
  const reader = stream.getReader()
  const end = { done: true, value: undefined } as const
  return {
    async next() {
      const { done, value } = await reader.read()
      if (!done) return { done, value: value as Piece }
      reader.releaseLock()
      return end
    },
    async return() {
      await reader.cancel()
      reader.releaseLock()
      return end
    },
  }
}

const wholeSource = (bytes: Uint8Array): Source => ({ whole: bytes, next: noPiece, pass: noMore, stop() {} })

// biome-ignore lint/correctness/useYield: there is nothing to call
function* noPiece(): Steps<undefined> {
  return undefined
}

// biome-ignore lint/correctness/useYield: there is nothing to call
function* noMore(): Steps<boolean> {
  return false
}

class Pieces implements Source {
  readonly whole = undefined
  #ended = false

  constructor(
    readonly given: Iterable<Piece> | AsyncIterable<Piece>,
    readonly pieces: Iterator<Piece> | AsyncIterator<Piece>,
    readonly name: string,
    readonly encoding: BufferEncoding,
    readonly wait: Wait,
  ) {}

  *next(): Steps<Uint8Array | undefined> {
    return this.#bytesOf(yield* ofUser(() => this.wait(this.pieces.next())))
  }

  pass(take: (piece: Uint8Array) => boolean): Steps<boolean> {
    return ofUser(() => this.wait(this.#passOn(take)))
  }

  #passOn(take: (piece: Uint8Array) => boolean): boolean | Promise<boolean> {
    for (;;) {
      const next = this.pieces.next()
      if ('then' in next) return this.#passLater(next, take)
      const piece = this.#bytesOf(next)
      if (!piece || !take(piece)) return piece !== undefined
    }
  }

  /** Not by steps, which would take as long for each piece as to read and to sum it. */
  async #passLater(first: Promise<IteratorResult<Piece>>, take: (piece: Uint8Array) => boolean): Promise<boolean> {
    for (let next = await first; ; next = await this.pieces.next()) {
      // The call may have ended while it waited.
      const piece = this.#ended ? undefined : this.#bytesOf(next)
      if (!piece || !take(piece)) return piece !== undefined
    }
  }

  #bytesOf({ done, value }: IteratorResult<Piece>): Uint8Array | undefined {
    if (done) {
      this.#ended = true
      return undefined
    }
    if (typeof value === 'string') return Buffer.from(value, this.encoding)
    return asBytes(value, `${this.name} (a piece of it)`)
  }

  /** Does not wait until the source has ended: one that has stalled would never do so. */
  stop(): void {
    if (this.#ended) return
    this.#ended = true
    const { destroy } = this.given as { destroy?: unknown }
    if (typeof destroy === 'function') destroy.call(this.given)
    else new Promise(resolve => resolve(this.pieces.return?.())).catch(() => {})
  }
}
