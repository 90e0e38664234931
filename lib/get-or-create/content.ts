// The content of a result, as a part of the result: it is that of the very file which was found good, or published.

import { hasCode } from '../core/errors.js'
import { refusal } from '../core/input.js'
import type { Stats } from '../core/stats.js'
import { fs, type Steps } from '../core/steps.js'
import { readPieces } from '../parts/bytes.js'
import { sameThing } from '../parts/identity.js'
import { parseJson } from '../parts/json.js'
import { asEncoding } from '../parts/source.js'
import { closing } from '../parts/stage.js'
import { decode } from '../parts/text.js'
import type { Kind } from './produce.js'

/** As what the content is read: a Buffer, the value of JSON, or a text. */
export type Read = 'buffer' | 'json' | BufferEncoding

export type ContentOf<R> = R extends 'buffer' ? Buffer : R extends 'json' ? unknown : string

/** Makes of the bytes what the caller gets. */
export type Reader = (bytes: Buffer, path: string) => unknown

export function asReader(read: unknown, kind: Kind): Reader | undefined {
  if (read === undefined) return undefined
  if (kind === 'directory') throw refusal('ERR_INVALID_ARG_VALUE', 'options.read', 'left out for a directory', read)
  if (read === 'buffer') return bytes => bytes
  if (read === 'json') return (bytes, path) => parseJson(decode(bytes, 'utf8', path, advice), path)
  if (typeof read !== 'string' || !Buffer.isEncoding(read))
    throw refusal('ERR_INVALID_ARG_VALUE', 'options.read', "'buffer', 'json', or an encoding that Buffer knows", read)
  const encoding = asEncoding(read)
  return (bytes, path) => decode(bytes, encoding, path, advice)
}

const advice = "read: 'buffer' takes any bytes"

/** The bytes of the file `was`, whatever has its name later. Undefined if another thing has its name already. */
export function* readStill(at: string, was: Stats): Steps<Buffer | undefined> {
  let fd: number
  try {
    fd = yield* fs.open(at, 'r nofollow')
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ELOOP', 'EMLINK')) return undefined
    throw error
  }
  return yield* closing(fd, function* () {
    const there = yield* fs.fstat(fd)
    return sameThing(there, was) ? yield* readWhole(fd, there) : undefined
  })
}

function* readWhole(fd: number, was: Stats): Steps<Buffer> {
  const pieces: Buffer[] = []
  // biome-ignore lint/correctness/useYield: there is nothing to call
  yield* readPieces(fd, was, function* (piece) {
    pieces.push(Buffer.from(piece))
  })
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
}
