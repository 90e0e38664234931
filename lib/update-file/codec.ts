// What the bytes of a file are to whoever changes them: bytes, text, or what JSON says. Reading loses nothing: what
// could not be written again as it was is an error.

import { isUtf8 } from 'node:buffer'
import { inspect } from 'node:util'
import { asFlag, refusal } from '../core/input.js'
import { asEncoding } from '../parts/source.js'
import { parse, print } from './json.js'

/** What a file holds, read. */
export interface Content {
  readonly value: unknown
  /** What to write, so that it holds that instead. */
  encode(next: unknown): string | NodeJS.ArrayBufferView
  /** It shall stay as it is: throws if it was changed all the same. */
  assertUnchanged(): void
}

/** Reads bytes, or nothing: then there is no file. */
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
  const form: Codec = (bytes, path) => {
    if (raw) return plain(bytes)
    const text = bytes && decode(bytes, encoding, path)
    return json ? asJson(text, path) : plain(text)
  }
  return Object.assign(form, { encoding })
}

const plain = (value: Buffer | string | undefined): Content => ({
  value,
  encode(next) {
    if (typeof next === 'string' || ArrayBuffer.isView(next)) return next as string | NodeJS.ArrayBufferView
    throw invalidReturn('a string, a Buffer, TypedArray or DataView, or undefined', next)
  },
  assertUnchanged() {},
})

function asJson(text: string | undefined, path: string): Content {
  const value = text === undefined ? undefined : parse(text, path)
  return {
    value,
    encode: next => print(next, text) ?? wrong(next),
    assertUnchanged() {
      if (text === undefined || JSON.stringify(value) === JSON.stringify(parse(text, path))) return
      throw invalidReturn('the new value, because the old one was changed in its place,', undefined)
    },
  }
}

const wrong = (next: unknown): never => {
  throw invalidReturn('a value that JSON can hold, or undefined', next)
}

function invalidReturn(expected: string, got: unknown): Error {
  const message = `Expected ${expected} to be answered by "change". Received ${inspect(got, { depth: 0 })}`
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_RETURN_VALUE' })
}

function decode(bytes: Buffer, encoding: BufferEncoding, path: string): string {
  const text = bytes.toString(encoding)
  if (encoding === 'utf8' && isUtf8(bytes)) return text
  const again = Buffer.from(text, encoding)
  if (again.equals(bytes)) return text
  const length = Math.min(bytes.length, again.length)
  let at = 0
  while (at < length && bytes[at] === again[at]) at++
  const advice = "encoding: 'buffer' and 'latin1' take any bytes"
  const error = new TypeError(`Not valid ${encoding} at byte ${at}: ${path} (${advice})`)
  throw Object.assign(error, { code: 'ERR_ENCODING_INVALID_ENCODED_DATA', path, position: at })
}
