// Digests: how they are spelled, checked and computed. A digest that a caller gives becomes part of a path, so it is taken
// only if it is one of these exact forms.

import crypto, { createHash } from 'node:crypto'
import { refusal } from '../core/input.js'
import { fs, type Steps } from '../core/steps.js'
import { pieceBytes } from '../parts/bytes.js'

export const algorithms = ['sha256', 'sha512'] as const
export type Algorithm = (typeof algorithms)[number]

const bytesOf: Readonly<Record<Algorithm, number>> = { sha256: 32, sha512: 64 }

/** Blobs without a byte are never stored: they are always there. */
const ofNothing: ReadonlySet<string> = new Set([
  'sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  'sha512-cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e',
])

export const isOfNothing = (digest: string): boolean => ofNothing.has(digest)

export const algorithmOf = (digest: string): Algorithm => digest.slice(0, 6) as Algorithm

/** What `integrity` attributes and lock files spell: the same digest in base64. */
export const integrityOf = (digest: string): string =>
  `${algorithmOf(digest)}-${Buffer.from(digest.slice(7), 'hex').toString('base64')}`

const spelled = /^(?:sha256-[0-9a-f]{64}|sha512-[0-9a-f]{128})$/

/**
 * Returns a digest as it is spelled in paths, `<algorithm>-<hex>`. An SRI text may list several: then the one of
 * `preferred`, or the strongest.
 */
export function asDigest(value: unknown, name: string, preferred: Algorithm): string {
  if (typeof value !== 'string') throw refusal('ERR_INVALID_ARG_TYPE', name, 'of type string', value)
  if (spelled.test(value)) return value
  const found = value.split(/\s+/).flatMap(one => parse(one) ?? [])
  const best =
    found.find(one => algorithmOf(one) === preferred) ?? found.find(one => algorithmOf(one) === 'sha512') ?? found[0]
  if (best !== undefined) return best
  throw refusal('ERR_INVALID_ARG_VALUE', name, '"sha256-" or "sha512-" and the digest in hex or base64', value)
}

/** One hash of an SRI text, perhaps with options behind it; undefined if it is of another algorithm, or no hash at all. */
function parse(text: string): string | undefined {
  const [, algorithm, base64 = ''] = /^(sha256|sha512)-([A-Za-z0-9+/]+={0,2})(?:\?.*)?$/.exec(text) ?? []
  if (algorithm === undefined) return spelled.test(text) ? text : undefined
  const bytes = Buffer.from(base64, 'base64')
  const isWhole = bytes.length === bytesOf[algorithm as Algorithm] && bytes.toString('base64') === base64
  if (isWhole) return `${algorithm}-${bytes.toString('hex')}`
  return spelled.test(text) ? text : undefined
}

/** The digest of bytes that come one piece after the other. */
export class Sum {
  readonly #algorithm: Algorithm
  readonly #hash: ReturnType<typeof createHash>
  bytes = 0

  constructor(algorithm: Algorithm) {
    this.#algorithm = algorithm
    this.#hash = createHash(algorithm)
  }

  add(piece: Uint8Array): void {
    this.#hash.update(piece)
    this.bytes += piece.length
  }

  digest(): string {
    return `${this.#algorithm}-${this.#hash.digest('hex')}`
  }
}

/** So many bytes are summed in one turn of the event loop: that takes milliseconds. */
const turnBytes = 4 * pieceBytes

/** The digest of few bytes; undefined if there are many, or this runtime cannot do it. */
export const digestAtOnce = (bytes: Uint8Array, algorithm: Algorithm): string | undefined =>
  bytes.length <= turnBytes && hashAtOnce ? `${algorithm}-${hashAtOnce(algorithm, bytes, 'hex')}` : undefined

/** The digest of bytes that are there as a whole. Between parts of many bytes the thread can do other things. */
export function* digestOf(bytes: Uint8Array, algorithm: Algorithm): Steps<string> {
  const atOnce = digestAtOnce(bytes, algorithm)
  if (atOnce !== undefined) return atOnce
  const sum = new Sum(algorithm)
  for (let at = 0; at < bytes.length; at += turnBytes) {
    sum.add(bytes.subarray(at, at + turnBytes))
    if (bytes.length > turnBytes) yield* fs.sleep(0)
  }
  return sum.digest()
}

/** In half the time that an object takes for few bytes. Not every runtime has it. */
const hashAtOnce: typeof crypto.hash | undefined = crypto.hash
