// When values and tombstones end. What has ended is absent for every reader at once, whether or not it was swept.

import { refusal } from '../core/input.js'
import type { Draft, Kept } from './backing.js'

type Ending = Pick<Kept, 'endsAtMs' | 'readAtMs'>

export const hasEnded = ({ endsAtMs }: Pick<Kept, 'endsAtMs'>, nowMs: number): boolean =>
  endsAtMs !== undefined && nowMs >= endsAtMs

const isOver = (kept: Ending): boolean => hasEnded(kept, kept.readAtMs)

/** Is there a value that has not expired? */
export const isLive = (kept: Kept | undefined): kept is Kept & { readonly kind: 'live' } =>
  kept?.kind === 'live' && !isOver(kept)

/** Is it remembered that the key was deleted? */
export const isTombstone = (kept: Kept | undefined): kept is Kept & { readonly kind: 'gone' } =>
  kept?.kind === 'gone' && !isOver(kept)

/** Has the state nothing more to say, not even a stale value? What a claim is on may be of use to its owner. */
export const isSpent = ({ kind, claim, endsAtMs, readAtMs, staleMs }: Kept): boolean =>
  claim === undefined && (kind === 'none' || (endsAtMs !== undefined && readAtMs >= endsAtMs + staleMs))

/** Returns milliseconds, or Infinity: there is no end. Times that no clock can show count as none. */
export function asTtl(value: unknown, name: string): number {
  if (typeof value !== 'number') throw refusal('ERR_INVALID_ARG_TYPE', name, 'of type number', value)
  if (!(value > 0)) throw refusal('ERR_OUT_OF_RANGE', name, 'a number > 0', value)
  return value > longestMs ? Number.POSITIVE_INFINITY : Math.ceil(value)
}

const longestMs = 2 ** 48

export const endsIn = (ttl: number): Draft['ends'] => (ttl === Number.POSITIVE_INFINITY ? undefined : { inMs: ttl })

/** The end that the state has already. */
export const sameEnd = ({ endsAtMs }: Kept): Draft['ends'] => (endsAtMs === undefined ? undefined : { atMs: endsAtMs })

/** If less of the time than this has passed, it is not worth a change to move the end. */
const worthMoving = 0.1

/** Has the end of an entry been moved just now, to so many milliseconds later? */
export function wasMovedJustNow({ endsAtMs, readAtMs }: Ending, ttl: number): boolean {
  if (endsAtMs === undefined) return ttl === Number.POSITIVE_INFINITY
  const leftMs = endsAtMs - readAtMs
  return leftMs <= ttl && leftMs > ttl * (1 - worthMoving)
}
