// What a draft becomes in a cell: fields of its token, and perhaps a file.

import type { Next as CellNext } from '../../cell/state.js'
import { epochMs } from '../../core/moment.js'
import type { Draft } from '../backing.js'
import { lastFenceOf } from '../kept.js'
import type { FileKept } from './kept.js'
import type { Place } from './places.js'
import { fieldsOf, readShort, type Said, spellShort } from './token.js'
import { toFile } from './value.js'

export interface Next extends CellNext {
  /** What its fields say. */
  readonly said: Said
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
  const lastFence = Math.max(to.claim?.fence ?? 0, lastFenceOf(was))
  const said: Said = {
    kind: to.kind,
    version: to.version,
    writtenAtMs: to.writtenAtMs ?? nowMs,
    endsAtMs: ends && Math.ceil('atMs' in ends ? ends.atMs : nowMs + ends.inMs),
    staleMs: Math.ceil(to.staleMs),
    claim: to.claim && { ...to.claim, leaseMs: Math.ceil(to.claim.leaseMs) },
    lastFence,
    short,
  }
  const implied = (keepsFile && was?.state.payload?.nonce) || to.id
  const end = file?.subarray(file.length - (bytes as Uint8Array).length)
  return { fields: fieldsOf(said, implied), gone: to.kind === 'gone', keepData: keepsFile, said, file, bytes: end }
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
