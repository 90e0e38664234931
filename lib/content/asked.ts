// What callers ask for, checked.

import { asNumber, refusal } from '../core/input.js'
import { checkOpen } from '../parts/life.js'
import type { Blobs } from './blobs.js'
import type { ReadRange } from './contract.js'
import { asDigest } from './digest.js'
import type { Range } from './read.js'

export function asked(blobs: Blobs, digest: unknown): string {
  checkOpen(blobs.life)
  return asDigest(digest, 'digest', blobs.settings.algorithm)
}

export function asDigests(blobs: Blobs, digests: unknown): string[] {
  const isIterable = typeof (digests as Iterable<unknown> | null | undefined)?.[Symbol.iterator] === 'function'
  if (!isIterable || typeof digests === 'string')
    throw refusal('ERR_INVALID_ARG_TYPE', 'digests', 'an iterable of strings', digests)
  return [...(digests as Iterable<unknown>)].map(one => asked(blobs, one))
}

export function asRange(options: ReadRange): Range {
  const start = asPosition(options.start, 'options.start', 0)
  return { start, end: asPosition(options.end, 'options.end', Number.POSITIVE_INFINITY) }
}

function asPosition(value: unknown, name: string, otherwise: number): number {
  const position = asNumber(value, name, otherwise)
  if (Number.isInteger(position) || position === otherwise) return position
  throw refusal('ERR_OUT_OF_RANGE', name, 'an integer', value)
}
