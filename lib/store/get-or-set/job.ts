// A call of getOrSet, with what it was given.

import { registry } from '../../core/disk.js'
import { asFlag, asFunction, asNumber, oneOf, refusal } from '../../core/input.js'
import { checkOpen } from '../../parts/life.js'
import type { Kept } from '../backing.js'
import { asTtl } from '../expiry.js'
import { type Inner, innerOf } from '../inner.js'
import { checkKey } from '../keys.js'
import type { GetOrSetOptions, SharedOptions, Task } from './options.js'

export type Compute<T> = (to: Task<T>) => T | undefined | PromiseLike<T | undefined>

/** How values are made, for one key or for many. */
export interface Making<T> {
  readonly inner: Inner<T>
  readonly ttlMs: number
  readonly staleMs: number
  readonly staleOnError: boolean
  readonly lastWins: boolean
  readonly waitMs: number
  readonly late: 'throw' | 'compute' | 'stale'
  /** False: no claims are made, and others' are not waited for. */
  readonly claims: boolean
  readonly leaseMs: number
}

/** A call for one key. */
export interface Job<T> extends Making<T> {
  readonly key: string
  /** Makes the value anew, unless another call has since this one began. */
  readonly isAnew: boolean
  /** The version that is not good enough: what is there is taken if it is another. */
  refused: string | undefined
  /** Inside whose work the call was made. */
  readonly around: readonly string[]
}

/** A call of getOrSet. */
export interface OwnJob<T> extends Job<T> {
  readonly compute: Compute<T>
}

export function asMaking<T>(store: unknown, options: SharedOptions, refreshes: boolean): Making<T> {
  const inner = innerOf<T>(store)
  checkOpen(inner.life)
  const staleMs = asNumber(options.stale, 'options.stale', 0)
  const { staleOnError, wait } = options
  const claims = options.claim === undefined || asFlag(options.claim, 'options.claim')
  return {
    inner,
    ttlMs: asTtl(options.ttl ?? Number.POSITIVE_INFINITY, 'options.ttl'),
    staleMs,
    staleOnError: staleOnError === undefined ? staleMs > 0 && !refreshes : asFlag(staleOnError, 'options.staleOnError'),
    lastWins: oneOf(options.conflict, 'options.conflict', ['first-wins', 'last-wins'], 'first-wins') === 'last-wins',
    waitMs: wait === false ? 0 : asNumber(wait, 'options.wait', Number.POSITIVE_INFINITY),
    late: oneOf(options.late, 'options.late', ['throw', 'compute', 'stale'], 'throw'),
    // Where nothing is read, or nothing is stored, there is nothing to wait for.
    claims: claims && inner.reads && inner.writes,
    leaseMs: asNumber(options.lease, 'options.lease', 15_000, 1),
  }
}

export function asJob<T>(store: unknown, key: string, compute: Compute<T>, options: GetOrSetOptions): OwnJob<T> {
  const { refresh } = options
  const isVersion = typeof refresh === 'string'
  const isAnew = isVersion ? false : asFlag(refresh, 'options.refresh')
  const making = asMaking<T>(store, options, isVersion || isAnew)
  asCompute(compute)
  return jobOf(making, key, compute, isAnew, isVersion ? refresh : undefined)
}

/** Without spreads, because a hit takes little more than its options. */
export function jobOf<T>(
  { inner, ttlMs, staleMs, staleOnError, lastWins, waitMs, late, claims, leaseMs }: Making<T>,
  key: string,
  compute: Compute<T>,
  isAnew: boolean,
  refused?: string,
): OwnJob<T> {
  checkKey(key)
  return {
    inner,
    ttlMs,
    staleMs,
    staleOnError,
    lastWins,
    waitMs,
    late,
    claims,
    leaseMs,
    key,
    compute,
    isAnew: isAnew || !inner.reads || inner.isDue(key),
    refused,
    around: registry.around(),
  }
}

export function asCompute<F>(compute: F): F {
  if (asFunction(compute, 'compute') !== undefined) return compute
  throw refusal('ERR_INVALID_ARG_TYPE', 'compute', 'of type function', compute)
}

/** What is there when the call begins is not good enough, if the value is to be made anew. */
export function begin<T>(job: Job<T>, now: Kept | undefined): void {
  if (job.isAnew) job.refused = now?.kind === 'live' ? now.version : undefined
}
