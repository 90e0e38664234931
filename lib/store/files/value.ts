// A value as a file: a head of 16 bytes, the key if the name of its directory is only a hash of it, and the bytes. The head
// says how long the rest is, and has a sum of all that follows, so that what a power cut has left of a file is known for
// what it is.
//
// | bytes | what                                                                 |
// |-------|----------------------------------------------------------------------|
// | 0-7   | the first 64 bits of the SHA-256 of all bytes from 8 on              |
// | 8, 9  | `h`, and the number of this format, 1                                |
// | 10    | 1: the rest begins with the length of the key (2 bytes), and the key |
// | 11    | 0                                                                    |
// | 12-15 | the length of the rest                                               |

import { sha256 } from './names.js'

const headBytes = 16
const sumBytes = 8
const letter = 0x68
const format = 1

/** What a file says. */
export interface FiledValue {
  /** The key, if it is in there. */
  readonly key: string | undefined
  readonly bytes: Buffer
}

/** `key`: undefined if the name of the directory says it. */
export function toFile(bytes: Uint8Array, key: string | undefined): Buffer {
  const spelled = key === undefined ? undefined : Buffer.from(key)
  const before = spelled ? 2 + spelled.length : 0
  const file = Buffer.allocUnsafe(headBytes + before + bytes.length)
  file[8] = letter
  file[9] = format
  file[10] = spelled ? 1 : 0
  file[11] = 0
  file.writeUInt32BE(before + bytes.length, 12)
  if (spelled) {
    file.writeUInt16BE(spelled.length, headBytes)
    file.set(spelled, headBytes + 2)
  }
  file.set(bytes, headBytes + before)
  file.write(sumOf(file), 0, 'hex')
  return file
}

/** Undefined: the file is not what was written. */
export function fromFile(file: Buffer): FiledValue | undefined {
  if (file.length < headBytes || file[8] !== letter || file[9] !== format) return undefined
  if (file.readUInt32BE(12) !== file.length - headBytes) return undefined
  if (file.toString('hex', 0, sumBytes) !== sumOf(file)) return undefined
  if (file[10] === 0) return { key: undefined, bytes: file.subarray(headBytes) }
  const end = headBytes + 2 + file.readUInt16BE(headBytes)
  return { key: file.toString('utf8', headBytes + 2, end), bytes: file.subarray(end) }
}

const sumOf = (file: Buffer): string => sha256(file.subarray(sumBytes)).slice(0, 2 * sumBytes)
