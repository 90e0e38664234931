import { type Dual, dual } from '../core/dual.js'
import { asNumber, type Patience, refusal } from '../core/input.js'
import type { Steps } from '../core/steps.js'
import { checkOpen } from '../parts/life.js'
import type { Kept } from './backing.js'
import type { AnyStore } from './contract.js'
import { isLive } from './expiry.js'
import { innerOf } from './inner.js'
import { just } from './just.js'
import { forEach } from './operations/many.js'
import { eachPage } from './operations/pages.js'

export interface EvictOptions extends Patience {
  /** How many entries may stay. */
  readonly maxCount?: number | undefined
}

/**
 * Removes the entries of a cache that are over its limit: first those that expire first. Where all have one `ttl`, and are
 * read with `touch`, those are the ones that were not used for the longest time.
 *
 * Holds afterwards: at an instant during the call at most `maxCount` of the entries that were there when it began were left,
 * but for entries that others changed, touched or claimed meanwhile: those stay. Entries without an end go last.
 *
 * Not promised: a limit at every moment: others go on creating entries. Call it now and then. A limit of age: that is `ttl`.
 *
 * @param options `maxCount`: a whole number of at least 0; it must be given.
 * @returns How many entries this call removed.
 * @throws Errors of the engine, unchanged. Bad input: `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`.
 *
 * @example
 * setInterval(() => evict(cache, { maxCount: 10_000 }), 60_000).unref()
 *
 * Source of the protocol: eviction in the order of last use, by removals of the exact states that were seen.
 */
export const evict: Dual<[store: AnyStore, options?: EvictOptions], number> = dual(function* evict(
  store: AnyStore,
  options: EvictOptions = {},
): Steps<number> {
  const { backing, life, writes } = innerOf<unknown>(store)
  checkOpen(life)
  const { maxCount } = options
  if (maxCount === undefined) throw refusal('ERR_INVALID_ARG_TYPE', 'options.maxCount', 'of type number', maxCount)
  const most = Math.floor(asNumber(maxCount, 'options.maxCount', 0))
  const live: (readonly [key: string, kept: Kept])[] = []
  yield* eachPage({ backing }, '', entries => just(() => live.push(...entries.filter(([, kept]) => isLive(kept)))))
  const over = live
    .sort(([, one], [, other]) => endOf(one) - endOf(other))
    .slice(0, writes ? Math.max(0, live.length - most) : 0)
    .filter(([, { claim }]) => claim === undefined)
  // Exactly these states: an entry that was used meanwhile stays.
  const removed = yield* forEach(over, ([key, kept]) => backing.commit(key, kept, undefined))
  return removed.filter(result => result === 'removed').length
})

/** The end of an entry. Of two without one, neither goes first. */
const endOf = ({ endsAtMs }: Kept): number => endsAtMs ?? Number.MAX_VALUE
