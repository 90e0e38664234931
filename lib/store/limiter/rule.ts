// The rules of a limiter as users write them, and as the algorithms take them.

import { asNumber, oneOf, refusal } from '../../core/input.js'
import { checkNames } from '../../core/option-names.js'

export interface WindowRule {
  /** A window begins with the first hit, and no later hit makes it longer. This is the default. */
  readonly kind?: 'window' | undefined
  /** How much may be counted in one window. */
  readonly limit: number
  /** How long a window is (ms). */
  readonly per: number
}

export interface AlignedRule {
  /** Windows follow each other on the clock, whether or not there are hits. */
  readonly kind: 'aligned'
  readonly limit: number
  readonly per: number
  /** When a window begins: so many ms after 1970, or any number of windows before or after that. @default 0 */
  readonly offset?: number | undefined
}

export interface SlidingRule {
  /** No interval of `per` ms, wherever it begins, has more than `limit`. */
  readonly kind: 'sliding'
  /** At most 1,000, because each hit is remembered. */
  readonly limit: number
  readonly per: number
}

export interface TokensRule {
  /** Tokens are saved up to `burst`, and each hit takes as many as it costs. */
  readonly kind: 'tokens'
  /** How many tokens come in a second. */
  readonly rate: number
  readonly burst: number
}

export interface LeakyRule {
  /** Each hit fills a bucket by its cost, never over `capacity`, and the bucket leaks. */
  readonly kind: 'leaky'
  /** How much leaks in a second. */
  readonly rate: number
  readonly capacity: number
}

export interface AllRule {
  /** Several rules at once: a hit is allowed by all of them, or counted by none. */
  readonly all: readonly Rule[]
}

export type Rule = WindowRule | AlignedRule | SlidingRule | TokensRule | LeakyRule | AllRule

/** A rule that is not made of others. Tokens that are missing from `burst` are what fills a bucket, so those two are one. */
export interface Part {
  /** Its algorithm, by the letter that its states begin with: a window, an aligned one, a sliding one, a bucket. */
  readonly letter: 'w' | 'a' | 's' | 'b'
  readonly limit: number
  /** For how long (ms) a hit is counted: at most for this time. */
  readonly perMs: number
  readonly offsetMs: number
  /** How much of a bucket drains in a millisecond, in units (`unitsPerHit`). */
  readonly drain: number
}

/** What a bucket counts in: millionths, so that what drains in a millisecond is a whole number or near to one. */
export const unitsPerHit = 1e6

const longestMs = 2 ** 40
const mostLimit = 1e9
const mostOfSliding = 1000
const mostParts = 16

/** Returns the parts of a rule, in the order in which they are written. */
export function partsOf(rule: unknown): readonly Part[] {
  const parts = flatten(rule, 'rule')
  if (parts.length <= mostParts) return parts
  throw refusal('ERR_OUT_OF_RANGE', 'rule.all', `at most ${mostParts} rules in all`, parts.length)
}

function flatten(rule: unknown, name: string): readonly Part[] {
  if (typeof rule !== 'object' || rule === null) throw refusal('ERR_INVALID_ARG_TYPE', name, 'of type object', rule)
  if (!('all' in rule)) return [partOf(rule as Loose, name)]
  checkNames(rule, names.all, name)
  const { all } = rule
  if (!Array.isArray(all) || all.length === 0)
    throw refusal('ERR_INVALID_ARG_TYPE', `${name}.all`, 'an array of rules, which is not empty', all)
  return all.flatMap((one, at) => flatten(one, `${name}.all[${at}]`))
}

type Loose = { readonly [name: string]: unknown }

const names = {
  all: new Set(['all']),
  window: new Set(['kind', 'limit', 'per']),
  aligned: new Set(['kind', 'limit', 'per', 'offset']),
  sliding: new Set(['kind', 'limit', 'per']),
  tokens: new Set(['kind', 'rate', 'burst']),
  leaky: new Set(['kind', 'rate', 'capacity']),
} as const

const letters = { window: 'w', aligned: 'a', sliding: 's' } as const

function partOf(rule: Loose, name: string): Part {
  const kind = oneOf(rule.kind, `${name}.kind`, ['window', 'aligned', 'sliding', 'tokens', 'leaky'], 'window')
  checkNames(rule, names[kind], name)
  if (kind === 'tokens' || kind === 'leaky') return bucketOf(rule, name, kind === 'tokens' ? 'burst' : 'capacity')
  const limit = asCount(rule.limit, `${name}.limit`, 1, kind === 'sliding' ? mostOfSliding : mostLimit)
  const perMs = asCount(rule.per, `${name}.per`, 1, longestMs)
  const offset = asNumber(rule.offset, `${name}.offset`, 0, Number.NEGATIVE_INFINITY)
  if (!Number.isInteger(offset)) throw refusal('ERR_OUT_OF_RANGE', `${name}.offset`, 'an integer', offset)
  return { letter: letters[kind], limit, perMs, offsetMs: ((offset % perMs) + perMs) % perMs, drain: 0 }
}

function bucketOf(rule: Loose, name: string, size: 'burst' | 'capacity'): Part {
  const limit = asCount(rule[size], `${name}.${size}`, 1, mostLimit)
  const { rate } = rule
  if (typeof rate !== 'number') throw refusal('ERR_INVALID_ARG_TYPE', `${name}.rate`, 'of type number', rate)
  const drain = rate * (unitsPerHit / 1000)
  const perMs = Math.ceil((limit * unitsPerHit) / drain)
  if (!(rate > 0 && rate <= mostLimit && perMs <= longestMs)) {
    const expected = `a number > 0 and <= ${mostLimit}, and so great that ${size} is used up in ${longestMs} ms`
    throw refusal('ERR_OUT_OF_RANGE', `${name}.rate`, expected, rate)
  }
  return { letter: 'b', limit, perMs, offsetMs: 0, drain }
}

/** Returns a whole number. */
export function asCount(value: unknown, name: string, least: number, most: number): number {
  if (typeof value !== 'number') throw refusal('ERR_INVALID_ARG_TYPE', name, 'of type number', value)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw refusal('ERR_OUT_OF_RANGE', name, `an integer from ${least} to ${most}`, value)
}
