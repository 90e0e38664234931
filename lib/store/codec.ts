// How values are spelled as bytes.

import { refusal } from '../core/input.js'
import { jsonCodec } from './json-codec.js'

/** Turns a value into bytes, and back. `decode` throws for bytes that are no value. */
export interface Codec<T> {
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T
}

/** Values are bytes, and kept as they are. Both ways they are copied, so no caller changes what is stored. */
const bytesCodec: Codec<Uint8Array> = {
  encode(value) {
    if (!(value instanceof Uint8Array))
      throw refusal('ERR_INVALID_ARG_TYPE', 'value', 'an instance of Buffer or Uint8Array', value)
    return Buffer.from(value)
  },
  decode: bytes => Buffer.from(bytes),
}

export function asCodec<T>(codec: Codec<T> | 'json' | 'bytes' | undefined): Codec<T> {
  if (codec === undefined || codec === 'json') return jsonCodec as unknown as Codec<T>
  if (codec === 'bytes') return bytesCodec as unknown as Codec<T>
  if (typeof codec?.encode === 'function' && typeof codec.decode === 'function') return codec
  throw refusal('ERR_INVALID_ARG_VALUE', 'options.codec', "'json', 'bytes', or an object with encode and decode", codec)
}

/** Has neither a value that it makes nor bytes that it makes any memory in common with what it was given? */
export const isCopying = (codec: unknown): boolean => codec === jsonCodec || codec === bytesCodec

/** Returns the bytes of a value. What cannot be spelled, or is too large, is refused before anything is done. */
export function encode<T>({ codec, mostBytes }: Spelling<T>, value: T, argument = 'value'): Uint8Array {
  // `undefined` says that there is no entry, so it is no value.
  if (value === undefined) throw refusal('ERR_INVALID_ARG_TYPE', argument, 'a value, not undefined', value)
  const bytes = codec.encode(value)
  if (!(bytes instanceof Uint8Array)) {
    const message = 'The "encode" function of the codec must return an instance of Uint8Array'
    throw Object.assign(new TypeError(message), { code: 'ERR_INVALID_RETURN_VALUE' })
  }
  if (bytes.length > mostBytes)
    throw refusal('ERR_OUT_OF_RANGE', argument, `at most ${mostBytes} bytes long when it is encoded`, bytes.length)
  return bytes
}

interface Spelling<T> {
  readonly codec: Codec<T>
  readonly mostBytes: number
}
