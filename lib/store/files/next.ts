// What a draft becomes in a cell: fields of its token, and perhaps a file.

import type { Next as CellNext } from '../../cell/state.js'
import { epochMs } from '../../core/moment.js'
import type { Draft } from '../backing.js'
import { lastFenceOf } from '../kept.js'
import type { FileKept } from './kept.js'
import type { Place } from './places.js'
import { fieldsOf, readShort, spellShort } from './token.js'
import { toFile } from './value.js'

export interface Next extends CellNext {
  /** The field of a short value. */
  readonly short: string | undefined
  /** The file of a long one. */
  readonly file: Buffer | undefined
  /** The value in the file. */
  readonly bytes: Uint8Array | undefined
}

/** `mayBeShort`: false where names are too short for a value. */
export function nextOf(place: Place, was: FileKept | undefined, to: Draft, mayBeShort = true): Next {
  const keepsFile = was?.state.payload !== undefined && (to.data === 'keep' || (place.isHashed && isBare(was, to)))
  const { short, bytes } = keepsFile ? nothing : placed(place, was, to, mayBeShort)
  const file = bytes && toFile(bytes, place.isHashed ? place.key : undefined)
  const { ends } = to
  const nowMs = epochMs()
  const endsAtMs = ends && Math.ceil('atMs' in ends ? ends.atMs : nowMs + ends.inMs)
  const times = { writtenAtMs: to.writtenAtMs ?? nowMs, endsAtMs }
  const lastFence = Math.max(to.claim?.fence ?? 0, lastFenceOf(was))
  const implied = (keepsFile && was?.state.payload?.nonce) || to.id
  const fields = fieldsOf(to, times, lastFence, { short, implied })
  const end = file?.subarray(file.length - (bytes as Uint8Array).length)
  return { fields, gone: to.kind === 'gone', keepData: keepsFile, short, file, bytes: end }
}

/** Has neither a value, so that the file only says the key? */
const isBare = (was: FileKept, to: Draft): boolean => was.kind !== 'live' && to.kind !== 'live'

const nothing = { short: undefined, bytes: undefined }

function placed(
  place: Place,
  was: FileKept | undefined,
  { data }: Draft,
  mayBeShort: boolean,
): { readonly short: string | undefined; readonly bytes: Uint8Array | undefined } {
  if (data === 'keep') {
    const short = was?.short
    return mayBeShort || short === undefined
      ? { short, bytes: undefined }
      : { short: undefined, bytes: readShort(short) }
  }
  // Where the name of the cell does not say the key, each state has a file that does.
  if (place.isHashed) return { short: undefined, bytes: data ?? new Uint8Array() }
  if (data === undefined) return nothing
  const short = mayBeShort ? spellShort(data) : undefined
  return { short, bytes: short === undefined ? data : undefined }
}
