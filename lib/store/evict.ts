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
  /** How many entries may stay. @default Infinity */
  readonly maxCount?: number | undefined
  /** How old (ms) the value of an entry may be that stays: how long ago it was written. @default Infinity */
  readonly maxAge?: number | undefined
}

/**
 * Removes the entries of a cache that are over its limits: those that are too old, and then, if too many are left, first those that
 * expire first. Where all have one `ttl`, and are read with `touch`, those are the ones that were not used for the longest time.
 *
 * Holds afterwards: at an instant during the call, of the entries that were there when it began, at most `maxCount` were left,
 * and none whose value was older than `maxAge` when the call looked at it; but for entries that others changed, touched or
 * claimed meanwhile: those stay. Entries without an end go last.
 *
 * Not promised: a limit at every moment: others go on creating entries. Call it now and then; an entry that must not be found any
 * more from some time on takes a `ttl`. A touch makes no value younger.
 *
 * @param store Any store of `holdfast/store`, wrapped or not.
 * @param options `maxCount`: a whole number of at least 0. `maxAge`: ms, on the engine's clock. At least one of them.
 * @returns How many entries this call removed.
 * @throws Errors of the engine, unchanged. Bad input: `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`.
 *
 * @example
 * setInterval(() => evict(cache, { maxCount: 10_000, maxAge: 7 * 86_400_000 }), 60_000).unref()
 *
 * Source of the protocol: eviction in the order of last use, by removals of the exact states that were seen.
 */
export const evict: Dual<[store: AnyStore, options?: EvictOptions], number> = dual(function* evict(
  store: AnyStore,
  options: EvictOptions = {},
): Steps<number> {
  const { backing, life, writes } = innerOf<unknown>(store)
  checkOpen(life)
  const { maxCount, maxAge } = options
  if (maxCount === undefined && maxAge === undefined)
    throw refusal('ERR_INVALID_ARG_TYPE', 'options.maxCount', 'of type number, if there is no maxAge', maxCount)
  const most = Math.floor(asNumber(maxCount, 'options.maxCount', never))
  const maxAgeMs = asNumber(maxAge, 'options.maxAge', never)
  const old: Pair[] = []
  const young: Pair[] = []
  const sort = (pair: Pair) => isLive(pair[1]) && (isOlder(pair[1], maxAgeMs) ? old : young).push(pair)
  yield* eachPage({ backing }, '', entries => just(() => entries.forEach(sort)))
  if (!writes) return 0
  young.sort(([, one], [, other]) => endOf(one) - endOf(other))
  const over = [...old, ...young.slice(0, Math.max(0, young.length - most))].filter(([, { claim }]) => !claim)
  // Exactly these states: an entry that was used meanwhile stays.
  const removed = yield* forEach(over, ([key, kept]) => backing.commit(key, kept, undefined))
  return removed.filter(result => result === 'removed').length
})

type Pair = readonly [key: string, kept: Kept]

const never = Number.POSITIVE_INFINITY

const isOlder = ({ writtenAtMs, readAtMs }: Kept, ms: number): boolean => readAtMs - writtenAtMs > ms

/** The end of an entry. Of two without one, neither goes first. */
const endOf = ({ endsAtMs }: Kept): number => endsAtMs ?? Number.MAX_VALUE
