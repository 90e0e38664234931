// What `change` gets of a file, and how that is written again: bytes, text, a value that is JSON, or one of a format that
// the caller reads and prints.

import { inspect } from 'node:util'
import { asFlag, asFunction, refusal } from '../core/input.js'
import { ignoreRejection, isThenable } from '../core/wait.js'
import { parseJson, printJson } from '../parts/json.js'
import { asEncoding } from '../parts/source.js'
import { decode, splitMark } from '../parts/text.js'
import type { UpdateFileOptions } from './options.js'

type Bytes = string | NodeJS.ArrayBufferView

/** The content of a file, decoded. */
export interface Content {
  readonly value: unknown
  /** Returns what to write so that the file holds `next`. */
  encode(next: unknown): Bytes
  /** Throws if the value was changed in place, although the file is to stay as it is. */
  assertUnchanged(): void
}

/** Decodes the bytes of a file; undefined if there is no file. */
export type Codec = (bytes: Buffer | undefined, path: string) => Content

export function asCodec(options: UpdateFileOptions): Codec & { encoding: BufferEncoding } {
  const json = asFlag(options.json, 'options.json')
  const raw = options.encoding === 'buffer'
  const encoding = raw ? 'utf8' : asEncoding(options.encoding)
  if (json && (raw || !/^utf-?8$/i.test(encoding)))
    throw refusal('ERR_INVALID_ARG_VALUE', 'options.encoding', "'utf8' if the file is JSON", options.encoding)
  const format = asFormat(options, json)
  const codec: Codec = (bytes, path) => {
    const content = raw ? bytes : bytes && decode(bytes, encoding, path, advice)
    if (format) return formatContent(content, path, format)
    return json ? jsonContent(content as string | undefined, path) : plainContent(content)
  }
  return Object.assign(codec, { encoding })
}

const advice = "encoding: 'buffer' and 'latin1' take any bytes"

/** How the caller reads a file, and prints it again. */
interface Format {
  readonly parse: (content: never) => unknown
  readonly stringify: (value: never) => unknown
}

function asFormat(options: UpdateFileOptions, json: boolean): Format | undefined {
  const parse = asFunction(options.parse, 'options.parse')
  const stringify = asFunction(options.stringify, 'options.stringify')
  if (!parse && !stringify) return undefined
  if (json) throw refusal('ERR_INVALID_ARG_VALUE', 'options.json', 'false beside options.parse', true)
  // What only one of them is given for could be read and not written, or the other way round.
  if (!parse) throw refusal('ERR_INVALID_ARG_VALUE', 'options.parse', 'given beside options.stringify', parse)
  if (!stringify) throw refusal('ERR_INVALID_ARG_VALUE', 'options.stringify', 'given beside options.parse', stringify)
  return { parse, stringify }
}

const isBytes = (value: unknown): value is Bytes => typeof value === 'string' || ArrayBuffer.isView(value)

const plainContent = (value: Buffer | string | undefined): Content => ({
  value,
  encode(next) {
    if (isBytes(next)) return next
    throw invalidReturn('change', 'a string, a Buffer, TypedArray or DataView, or undefined', next)
  },
  assertUnchanged() {},
})

const changedInPlace = (): Error =>
  invalidReturn('change', 'the new value, because the old one was changed in its place,', undefined)

function jsonContent(text: string | undefined, path: string): Content {
  const value = text === undefined ? undefined : parseJson(text, path)
  return {
    value,
    encode(next) {
      const printed = printJson(next, text)
      if (printed !== undefined) return printed
      throw invalidReturn('change', 'a value that JSON can hold, or undefined', next)
    },
    assertUnchanged() {
      if (text === undefined || JSON.stringify(value) === JSON.stringify(parseJson(text, path))) return
      throw changedInPlace()
    },
  }
}

/** The caller's functions see no byte order mark, as the parser of JSON sees none; the file keeps its own. */
function formatContent(content: Buffer | string | undefined, path: string, { parse, stringify }: Format): Content {
  const [mark, bare] = typeof content === 'string' ? splitMark(content) : ['', content]
  const read = () => (bare === undefined ? undefined : parsed(parse, bare, path))
  // Called with nothing else, because what parsers and printers take besides differs.
  const print = (value: unknown): Bytes => {
    const printed = stringify(value as never)
    if (isBytes(printed)) return printed
    throw invalidReturn('stringify', 'a string, a Buffer, TypedArray or DataView', printed)
  }
  const value = read()
  return {
    value,
    encode(next) {
      const printed = print(next)
      return typeof printed === 'string' ? mark + splitMark(printed)[1] : printed
    },
    assertUnchanged() {
      // What was printed is compared, because values of other formats may be anything.
      if (bare !== undefined && !sameBytes(print(value), print(read()))) throw changedInPlace()
    },
  }
}

const sameBytes = (a: Bytes, b: Bytes): boolean =>
  typeof a === 'string' || typeof b === 'string' ? a === b : bufferOf(a).equals(bufferOf(b))

const bufferOf = ({ buffer, byteOffset, byteLength }: NodeJS.ArrayBufferView): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength)

function parsed(parse: Format['parse'], content: Buffer | string, path: string): unknown {
  let value: unknown
  try {
    value = parse(content as never)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : inspect(cause)
    throw Object.assign(new SyntaxError(`Not parsed: ${path}: ${why}`, { cause }), {
      code: 'ERR_INVALID_CONTENT',
      path,
    })
  }
  if (!isThenable(value)) return value
  throw invalidReturn('parse', 'a value, and no promise,', value)
}

/** If it is a promise, nothing waits for it. */
export function invalidReturn(name: string, expected: string, got: unknown): Error {
  ignoreRejection(got)
  const message = `Expected ${expected} to be returned by "${name}". Received ${inspect(got, { depth: 0 })}`
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_RETURN_VALUE' })
}
