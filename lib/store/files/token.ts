// What the token of a key's cell says, in its fields. Each begins with a letter:
//
// | field             | says                                                                                     |
// |-------------------|------------------------------------------------------------------------------------------|
// | `l`, `g`, `n`     | live, gone or none; behind it when that ends (ms since 1970, base 36), unless it is       |
// |                   | never; and behind a `-` when it came                                                     |
// | `s`               | for how long a stale value is kept (ms); left out: 0                                     |
// | `v`               | the version, if that is neither the nonce of the value's file nor that of the state      |
// | `f`               | the fence of the last claim; left out: 0                                                 |
// | `c`, `p`          | the owner of the claim, and its lease (ms); left out: there is none, and it never ends    |
// | `d`, `b`          | a short value: as it is, or in base 32                                                   |

import type { State } from '../../cell/state.js'
import type { Claim, Kept } from '../backing.js'
import { fromBase32, inBase32 } from './names.js'

/** What a state says of its key. */
export type Said = Pick<Kept, 'kind' | 'version' | 'writtenAtMs' | 'endsAtMs' | 'staleMs' | 'claim' | 'lastFence'> & {
  /** The field of a short value. */
  readonly short: string | undefined
}

const kinds = { l: 'live', g: 'gone', n: 'none' } as const
const letters = { live: 'l', gone: 'g', none: 'n' } as const

/** A value that takes at most so many characters is in the token. */
const mostCharacters = 45

/** Of other values, base 32 makes as many characters of so many bytes. */
const mostBytes = Math.floor((mostCharacters * 5) / 8)

const plain = /^[0-9a-z-]*$/

/** Returns the field of a short value; undefined: it is too long for one. */
export function spellShort(bytes: Uint8Array): string | undefined {
  if (bytes.length > mostCharacters) return undefined
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const text = buffer.toString('latin1')
  if (plain.test(text)) return `d${text}`
  return bytes.length <= mostBytes ? `b${inBase32(bytes)}` : undefined
}

export const readShort = (field: string): Buffer =>
  field[0] === 'd' ? Buffer.from(field.slice(1), 'latin1') : fromBase32(field.slice(1))

/** The fields of a state that says so. `implied`: the version that need not be said. */
export function fieldsOf(
  { kind, version, writtenAtMs, endsAtMs, staleMs, claim, lastFence, short }: Said,
  implied: string,
): string[] {
  const ends = endsAtMs === undefined ? '' : spellTime(endsAtMs)
  const fields = [`${letters[kind]}${ends}-${spellTime(writtenAtMs)}`]
  if (staleMs > 0) fields.push(`s${staleMs.toString(36)}`)
  if (version !== implied) fields.push(`v${version}`)
  if (lastFence > 0) fields.push(`f${lastFence.toString(36)}`)
  if (claim) fields.push(`c${claim.owner}`)
  if (claim && claim.leaseMs !== Number.POSITIVE_INFINITY) fields.push(`p${claim.leaseMs.toString(36)}`)
  if (short !== undefined) fields.push(short)
  return fields
}

/** The last four digits of a time in base 36 go through all of theirs in half an hour. */
const lastDigits = 36 ** 4
let before = 0
let spelledBefore = '0'

/** In base 36. To spell a number of this size takes long, so the digits before the last four are kept. */
function spellTime(ms: number): string {
  const first = Math.floor(ms / lastDigits)
  if (first !== before) [before, spelledBefore] = [first, first.toString(36)]
  return spelledBefore + (ms - first * lastDigits).toString(36).padStart(4, '0')
}

/** What a state says. One that is about to be removed, and has kept the fields of the state before, says `none`. */
export function readFields({ gone, fields, nonce, payload }: State): Said {
  const [first = ''] = fields
  const kind = kinds[first[0] as keyof typeof kinds] ?? 'none'
  const atEnd = first.indexOf('-')
  const said = {
    kind: gone === (kind === 'gone') ? kind : ('none' as const),
    version: payload?.nonce ?? nonce,
    writtenAtMs: Number.parseInt(first.slice(atEnd + 1), 36),
    endsAtMs: atEnd > 1 ? Number.parseInt(first.slice(1, atEnd), 36) : undefined,
    staleMs: 0,
    claim: undefined as Claim | undefined,
    lastFence: 0,
    short: undefined as string | undefined,
  }
  if (fields.length > 1) readMore(said, fields, gone && kind !== 'gone')
  return said
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

function readMore(said: Writable<Said>, fields: readonly string[], isLeaving: boolean): void {
  let owner: string | undefined
  let leaseMs = Number.POSITIVE_INFINITY
  for (let at = 1; at < fields.length; at++) {
    const field = fields[at] as string
    switch (field[0]) {
      case 's':
        said.staleMs = fromBase36(field)
        break
      case 'v':
        said.version = field.slice(1)
        break
      case 'f':
        said.lastFence = fromBase36(field)
        break
      case 'c':
        owner = field.slice(1)
        break
      case 'p':
        leaseMs = fromBase36(field)
        break
      case 'd':
      case 'b':
        said.short = field
    }
  }
  if (owner !== undefined && !isLeaving) said.claim = { owner, fence: said.lastFence, leaseMs }
}

const fromBase36 = (field: string): number => Number.parseInt(field.slice(1), 36)
