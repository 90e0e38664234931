// What a content store is opened with.

import { asDurability, asMode, asNumber, asPath, type Durability, oneOf, refusal } from '../core/input.js'
import { checkNames } from '../core/option-names.js'
import type { Home } from '../create-exclusive/format.js'
import { type Algorithm, algorithms } from './digest.js'

export interface ContentStoreOptions {
  /**
   * How many bytes of the disk the blobs may take that nothing else keeps. A blob that is leased, or linked elsewhere, does
   * not count, because its removal would free nothing. @default Infinity
   */
  readonly maxBytes?: number | undefined
  /** An eviction goes on until so many bytes fewer than `maxBytes` are left. @default a tenth of `maxBytes` */
  readonly evictBytes?: number | undefined
  /** How many blobs may be kept that nothing else keeps. An eviction leaves a tenth fewer. @default Infinity */
  readonly maxCount?: number | undefined
  /** Milliseconds since its last use after which an eviction removes a blob. @default Infinity */
  readonly maxAge?: number | undefined
  /** By which digest a blob is stored, unless `put` is given one. @default 'sha256' */
  readonly algorithm?: Algorithm | undefined
  /**
   * `digest`: what is read as a whole, and what `put` finds there, must have the bytes that its digest says. `size`: only as
   * many. @default 'digest'
   */
  readonly verify?: 'digest' | 'size' | undefined
  /** Permission bits of the directory, minus the umask, if a call makes it: a number, or an octal string. @default 0o700 */
  readonly mode?: number | string | undefined
  /**
   * `file`: the bytes of a blob are on the disk before it can be found. `full`: its name is, too, before `put` ends. `none`,
   * for a cache: after a power cut a blob may be damaged, which counts as missing as soon as it is read. @default 'file'
   */
  readonly durability?: Durability | undefined
}

/** What may be in a store. */
export interface Limits {
  readonly maxBytes: number
  readonly evictBytes: number
  readonly maxCount: number
  readonly maxAgeMs: number
}

export interface Settings extends Home {
  readonly limits: Limits | undefined
  readonly algorithm: Algorithm
  readonly verify: 'digest' | 'size'
}

const optionNames: ReadonlySet<string> = new Set([
  ...(['maxBytes', 'evictBytes', 'maxCount', 'maxAge', 'algorithm', 'verify', 'mode', 'durability'] as const),
] satisfies (keyof ContentStoreOptions)[])

export function asSettings(dir: unknown, options: ContentStoreOptions): Settings {
  checkNames(options, optionNames, 'options')
  return {
    root: asPath(dir, 'dir'),
    mode: asMode(options.mode, 0o700),
    durability: asDurability(options.durability),
    algorithm: oneOf(options.algorithm, 'options.algorithm', algorithms, 'sha256'),
    verify: oneOf(options.verify, 'options.verify', ['digest', 'size'], 'digest'),
    limits: asLimits(options),
  }
}

const none = Number.POSITIVE_INFINITY

function asLimits(options: ContentStoreOptions): Limits | undefined {
  const maxBytes = asNumber(options.maxBytes, 'options.maxBytes', none)
  const evictBytes = asNumber(options.evictBytes, 'options.evictBytes', maxBytes === none ? 0 : maxBytes / 10)
  const maxCount = asNumber(options.maxCount, 'options.maxCount', none)
  const maxAgeMs = asNumber(options.maxAge, 'options.maxAge', none)
  if (evictBytes > maxBytes)
    throw refusal('ERR_OUT_OF_RANGE', 'options.evictBytes', 'at most options.maxBytes', evictBytes)
  return maxBytes === none && maxCount === none && maxAgeMs === none
    ? undefined
    : { maxBytes, evictBytes, maxCount, maxAgeMs }
}
