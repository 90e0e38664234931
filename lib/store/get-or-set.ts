import { dual } from '../core/dual.js'
import type { Steps } from '../core/steps.js'
import type { Store } from './contract.js'
import { type Found, find, fly, refreshBehind } from './get-or-set/flights.js'
import { asJob, begin, type Compute, type OwnJob } from './get-or-set/job.js'
import { isGivenOld, obtain } from './get-or-set/obtain.js'
import type { GetOrSetOptions, Got } from './get-or-set/options.js'
import { gotEntry, newProgress } from './get-or-set/progress.js'

export type { Compute } from './get-or-set/job.js'
export type { GetOrSetOptions, Got, Source, Task } from './get-or-set/options.js'

export interface GetOrSet {
  <T>(store: Store<T>, key: string, compute: Compute<T>, options?: GetOrSetOptions): Promise<Got<T>>
  /** The same, without a promise; `compute` must not return one either. */
  sync<T>(store: Store<T>, key: string, compute: Compute<T>, options?: GetOrSetOptions): Got<T>
  /** The same, as steps of a larger algorithm. */
  steps<T>(store: Store<T>, key: string, compute: Compute<T>, options?: GetOrSetOptions): Steps<Got<T>>
}

/**
 * Gets the value of a key, which one call makes if there is none, among all that see the store; the others wait for it.
 *
 * Holds afterwards: all callers that were waiting when a value was stored get that value. One at a time makes it, as long as
 * it can be known that the holder of the claim lives, or its heartbeats come in time; if it dies, a process of the same machine
 * takes over at once, and any other after `lease`. A value gets into the store only if what the call had observed
 * is true still: it is never put over one that was set meanwhile (but with `conflict: 'last-wins'`), nor is one that was
 * removed brought back; the caller gets a value all the same. If `compute` throws, nothing is stored, that very error is
 * thrown to the callers in this thread, and those in other processes try themselves, one at a time.
 *
 * Not promised: that a holder elsewhere that is alive, but made no heartbeat for `lease` ms, is alone: its value is not stored
 * then, and its `signal` is aborted. That the work ends when its callers have left: it is asked to, by its `signal`; the claim
 * is kept until it has ended, and what it returns is stored. That a value that is touched (`touch`) while the process that
 * makes a new one dies elsewhere is soon made anew: each touch looks like a heartbeat. With `claim: false`, that one call at a
 * time makes a value.
 *
 * A single-use token, which one of several processes exchanges for the next: `refresh` with the version that was rejected
 * makes a new one, unless another process has made one meanwhile.
 *
 * @param store Any store of `holdfast/store`, wrapped or not.
 * @param key The key of the value.
 * @param compute Makes the value, and gets `key`, `signal`, `fence`, `previous`, and `ttl(ms)`. If it returns undefined, nothing is
 *   stored, and what was there stays. A call of getOrSet for the same key inside of it is refused.
 * @param options `timeout` (ms) and `signal` are this call's own, also where several wait for one value.
 * @returns `value`, `version`, and `source`: where the value comes from.
 * @throws What `compute` threw, that very object. `ERR_KEY_CLAIMED`: another call makes the value, and `wait` is over (`cause`
 *   is the time-out, `holder` says whose call it is), or the call would wait for itself. `ERR_UNKNOWN_OUTCOME`, and other errors
 *   of the engine: the value could not be stored, or that is not known; `error.value` is what was made. `ERR_TIMEOUT`,
 *   `ABORT_ERR`. What the codec throws for a value that it cannot spell.
 *
 * @example
 * const { value } = await getOrSet(store, 'rates', ({ signal }) => fetchRates({ signal }), { ttl: 60_000, stale: 600_000 })
 *
 * @example
 * const renew = async ({ previous }: Task<Token>) => redeem(previous?.value.refresh)
 * const token = await getOrSet(store, 'token', renew, { refresh: rejected.version })
 *
 * Source of the protocol: leases for caches (Nishtala et al., "Scaling Memcache at Facebook", 2013), with the claim in the
 * compare-and-swap of the value itself.
 */
export const getOrSet: GetOrSet = Object.assign(
  <T>(store: Store<T>, key: string, compute: Compute<T>, options?: GetOrSetOptions) =>
    getting(store, key, compute as Compute<unknown>, options, true) as Promise<Got<T>>,
  {
    sync: <T>(store: Store<T>, key: string, compute: Compute<T>, options?: GetOrSetOptions) =>
      getting.sync(store, key, compute as Compute<unknown>, options) as Got<T>,
    steps: <T>(store: Store<T>, key: string, compute: Compute<T>, options?: GetOrSetOptions) =>
      getting.steps(store, key, compute as Compute<unknown>, options) as Steps<Got<T>>,
  },
)

const getting = dual(function* getOrSet(
  store: unknown,
  key: string,
  compute: Compute<unknown>,
  options: GetOrSetOptions = {},
  // Only the promise form shares: a blocked thread has no other calls, and to an algorithm all callers are other processes.
  shares = false,
): Steps<Got<unknown>> {
  const job = asJob(store, key, compute, options)
  const found = yield* find(job, now => begin(job, now))
  const { fresh } = found.sight
  const got = fresh ? gotEntry(fresh, 'hit') : yield* answerMiss(job, found, shares === true)
  job.inner.note(got.source, key)
  return got
})

function* answerMiss<T>(job: OwnJob<T>, found: Found<T>, shares: boolean): Steps<Got<T>> {
  const { sight } = found
  if (!shares) return yield* obtain(job, sight, newProgress(job.waitMs))
  if (!sight.old || !isGivenOld(job, sight)) return yield* fly(job, found)
  refreshBehind(job, found)
  return gotEntry(sight.old, 'stale')
}
