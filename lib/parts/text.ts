// Bytes as text, and back. Decoding loses nothing: bytes that could not be written again as they were are an error.

import { isUtf8 } from 'node:buffer'

/** @throws `ERR_ENCODING_INVALID_ENCODED_DATA`; its message ends with the advice. */
export function decode(bytes: Buffer, encoding: BufferEncoding, path: string, advice: string): string {
  const text = bytes.toString(encoding)
  if (encoding === 'utf8' && isUtf8(bytes)) return text
  const encoded = Buffer.from(text, encoding)
  if (encoded.equals(bytes)) return text
  const length = Math.min(bytes.length, encoded.length)
  let at = 0
  while (at < length && bytes[at] === encoded[at]) at++
  const error = new TypeError(`Not valid ${encoding} at byte ${at}: ${path} (${advice})`)
  throw Object.assign(error, { code: 'ERR_ENCODING_INVALID_ENCODED_DATA', path, position: at })
}

const byteOrderMark = '\uFEFF'

/** A text without its byte order mark, and that mark: empty if there is none. */
export const splitMark = (text: string): [mark: string, bare: string] =>
  text.startsWith(byteOrderMark) ? [byteOrderMark, text.slice(1)] : ['', text]
