import { asNumber, refusal } from '../core/input.js'
import { checkNames } from '../core/option-names.js'
import type { Store } from './contract.js'
import { type Inner, innerOf } from './inner.js'
import { Tiers } from './tiers/backing.js'
import { Tier } from './tiers/tier.js'
import { wrap } from './wrap.js'

export interface TiersOptions {
  /** Milliseconds for which a copy may be returned after the last store was read for it. @default 1_000 */
  readonly trust?: number | undefined
}

const optionNames: ReadonlySet<string> = new Set(['trust'] satisfies (keyof TiersOptions)[])

/**
 * Makes one store of several, the fastest first. The last is the truth, and the others have copies of its values.
 *
 * Holds afterwards: what refuses or makes a change is judged by the last store alone, so versions, `ifVersion` and claims
 * are as safe as there. A change goes there first; when it returns, the copies of that key in the other stores are dropped,
 * and no read that began before it puts an old one back. `get`, `getMany` and the first look of `getOrSet` return a copy if
 * there is one, and put one into the faster stores otherwise. A copy is returned for at most `trust` ms from when the read
 * of the last store began that it was made by (by the clock of the store that has it), and never after the value's end. A
 * store other than the last that fails is left out of reads.
 *
 * Not promised: that a copy is dropped which this call does not know of: in a store that others do not share, as one in
 * memory, or by a process that is killed between the change and the drop, or writes to the last store directly. Such a copy
 * is returned until `trust` is over. The other stores have copies in a form of their own, so use them for nothing else.
 *
 * @param stores At least one; `codec` and `maxValueBytes` are those of the last.
 * @param options `trust`: ms, 1,000 by default.
 * @returns A store. To close it leaves the stores open. `sweep` sweeps all of them.
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`: bad input. A change: `ERR_TIER_FAILED`, with `tier` and `cause`, if it
 *   was made and a copy could not be dropped. Diagnostics channel `holdfast:tier-failed`: each failure of a faster store.
 *
 * @example
 * const store = tiers([memoryStore(), redisStore(client, { prefix: 'cache' })], { trust: 5_000 })
 *
 * Source of the protocol: leases of memcached ("Scaling Memcache at Facebook", 2013, section 3.2.1), with a commit of the
 * exact state in their place; `Hierarchy` of iFixit/Matryoshka, whose faster tiers had no end and no truth.
 */
export function tiers<T>(stores: readonly [Store<T>, ...Store<T>[]], options: TiersOptions = {}): Store<T> {
  if (!Array.isArray(stores) || stores.length === 0)
    throw refusal('ERR_INVALID_ARG_TYPE', 'stores', 'an array of stores, which is not empty', stores)
  const inners = stores.map((store, at) => innerOf<T>(store, `stores[${at}]`))
  checkNames(options, optionNames, 'options')
  const trustMs = asNumber(options.trust, 'options.trust', 1_000)
  const truth = inners.at(-1) as Inner<T>
  const faster = inners
    .slice(0, -1)
    .map(({ backing, reads, writes, mostBytes }, number) => new Tier(backing, { number, reads, writes, mostBytes }))
  return wrap(truth, { backing: new Tiers(faster, truth.backing, trustMs) })
}
