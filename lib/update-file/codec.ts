// What `change` gets of a file, and how that is written again: bytes, text, or a value that is JSON. Reading loses
// nothing: bytes that could not be written again as they were are an error.

import { isUtf8 } from 'node:buffer'
import { inspect } from 'node:util'
import { asFlag, refusal } from '../core/input.js'
import { asEncoding } from '../parts/source.js'
import { parseJson, printJson } from './json.js'

/** The content of a file, decoded. */
export interface Content {
  readonly value: unknown
  /** Returns what to write so that the file holds `next`. */
  encode(next: unknown): string | NodeJS.ArrayBufferView
  /** Throws if the value was changed in place, although the file is to stay as it is. */
  assertUnchanged(): void
}

/** Decodes the bytes of a file; undefined if there is no file. */
export type Codec = (bytes: Buffer | undefined, path: string) => Content

export function asCodec(options: {
  readonly json?: unknown
  readonly encoding?: unknown
}): Codec & { encoding: BufferEncoding } {
  const json = asFlag(options.json, 'options.json')
  const raw = options.encoding === 'buffer'
  const encoding = raw ? 'utf8' : asEncoding(options.encoding)
  if (json && (raw || !/^utf-?8$/i.test(encoding)))
    throw refusal('ERR_INVALID_ARG_VALUE', 'options.encoding', "'utf8' if the file is JSON", options.encoding)
  const codec: Codec = (bytes, path) => {
    if (raw) return plainContent(bytes)
    const text = bytes && decode(bytes, encoding, path)
    return json ? jsonContent(text, path) : plainContent(text)
  }
  return Object.assign(codec, { encoding })
}

const plainContent = (value: Buffer | string | undefined): Content => ({
  value,
  encode(next) {
    if (typeof next === 'string' || ArrayBuffer.isView(next)) return next as string | NodeJS.ArrayBufferView
    throw invalidReturn('a string, a Buffer, TypedArray or DataView, or undefined', next)
  },
  assertUnchanged() {},
})

function jsonContent(text: string | undefined, path: string): Content {
  const value = text === undefined ? undefined : parseJson(text, path)
  return {
    value,
    encode(next) {
      const printed = printJson(next, text)
      if (printed !== undefined) return printed
      throw invalidReturn('a value that JSON can hold, or undefined', next)
    },
    assertUnchanged() {
      if (text === undefined || JSON.stringify(value) === JSON.stringify(parseJson(text, path))) return
      throw invalidReturn('the new value, because the old one was changed in its place,', undefined)
    },
  }
}

function invalidReturn(expected: string, got: unknown): Error {
  const message = `Expected ${expected} to be returned by "change". Received ${inspect(got, { depth: 0 })}`
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_RETURN_VALUE' })
}

function decode(bytes: Buffer, encoding: BufferEncoding, path: string): string {
  const text = bytes.toString(encoding)
  if (encoding === 'utf8' && isUtf8(bytes)) return text
  const encoded = Buffer.from(text, encoding)
  if (encoded.equals(bytes)) return text
  const length = Math.min(bytes.length, encoded.length)
  let at = 0
  while (at < length && bytes[at] === encoded[at]) at++
  const advice = "encoding: 'buffer' and 'latin1' take any bytes"
  const error = new TypeError(`Not valid ${encoding} at byte ${at}: ${path} (${advice})`)
  throw Object.assign(error, { code: 'ERR_ENCODING_INVALID_ENCODED_DATA', path, position: at })
}
