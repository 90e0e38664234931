import { drive } from '../core/drive.js'
import { dual } from '../core/dual.js'
import { asFlag } from '../core/input.js'
import type { Steps } from '../core/steps.js'
import { happened } from '../parts/happenings.js'
import type { Store } from './contract.js'
import { asCompute, asMaking, begin, jobOf, type Making } from './get-or-set/job.js'
import { look } from './get-or-set/look.js'
import { isGivenOld } from './get-or-set/obtain.js'
import type { Got } from './get-or-set/options.js'
import { obtainAll } from './get-or-set-many/obtain.js'
import type { ComputeMany, GetOrSetManyOptions } from './get-or-set-many/options.js'
import { giveOld, newWanted, type Wanted } from './get-or-set-many/wanted.js'
import { asIterable, forEach } from './operations/many.js'

export type { ComputeMany, GetOrSetManyOptions, ManyTask } from './get-or-set-many/options.js'

export interface GetOrSetMany {
  <T>(
    store: Store<T>,
    keys: Iterable<string>,
    compute: ComputeMany<T>,
    options?: GetOrSetManyOptions,
  ): Promise<Map<string, Got<T>>>
  /** The same, without a promise; `compute` must not return one either. */
  sync<T>(
    store: Store<T>,
    keys: Iterable<string>,
    compute: ComputeMany<T>,
    options?: GetOrSetManyOptions,
  ): Map<string, Got<T>>
  /** The same, as steps of a larger algorithm. */
  steps<T>(
    store: Store<T>,
    keys: Iterable<string>,
    compute: ComputeMany<T>,
    options?: GetOrSetManyOptions,
  ): Steps<Map<string, Got<T>>>
}

/**
 * Gets the values of several keys: those that are missing are made in one batch, each by one call among all that see the
 * store.
 *
 * Holds afterwards: for each key what `getOrSet` says. The call claims all missing keys that no other call makes, without
 * waiting; makes those in one batch; and only then waits for what other calls make, when it holds nothing any more. So calls for
 * the same keys in other orders never wait for each other in a circle.
 *
 * Not promised: that the values of several keys belong together: each is stored by itself. That `compute` is called only once:
 * if another call that made some of the values has failed, this one makes those in a batch of their own. That calls of one
 * thread share a batch.
 *
 * @param store Any store of `holdfast/store`, wrapped or not.
 * @param keys Any iterable of keys; each counts once.
 * @param compute Gets the keys that are missing, in the order in which they were asked for, and returns a Map. Keys that it leaves
 *   out are not stored; others are ignored.
 * @param options As those of `getOrSet`; `wait` (ms) is for all keys together.
 * @returns A Map with a result for each key, in the order in which they were asked for.
 * @throws As `getOrSet`. If a value cannot be stored, those that could be are stored.
 *
 * @example
 * const users = await getOrSetMany(store, ['user/1', 'user/2'], missing => loadUsers(missing), { ttl: 60_000 })
 *
 * Source of the protocol: that of `getOrSet`, for sets of keys.
 */
export const getOrSetMany: GetOrSetMany = Object.assign(
  <T>(store: Store<T>, keys: Iterable<string>, compute: ComputeMany<T>, options?: GetOrSetManyOptions) =>
    getting(store, keys, compute as ComputeMany<unknown>, options, true) as Promise<Map<string, Got<T>>>,
  {
    sync: <T>(store: Store<T>, keys: Iterable<string>, compute: ComputeMany<T>, options?: GetOrSetManyOptions) =>
      getting.sync(store, keys, compute as ComputeMany<unknown>, options) as Map<string, Got<T>>,
    steps: <T>(store: Store<T>, keys: Iterable<string>, compute: ComputeMany<T>, options?: GetOrSetManyOptions) =>
      getting.steps(store, keys, compute as ComputeMany<unknown>, options) as Steps<Map<string, Got<T>>>,
  },
)

/** Values of several keys are never made one by one. */
const inBatches = (): undefined => undefined

const getting = dual(function* getOrSetMany(
  store: unknown,
  keys: Iterable<string>,
  compute: ComputeMany<unknown>,
  options: GetOrSetManyOptions = {},
  // Only the promise form has a background.
  hasBackground = false,
): Steps<Map<string, Got<unknown>>> {
  const isAnew = asFlag(options.refresh, 'options.refresh')
  const making = asMaking<unknown>(store, options, isAnew)
  asCompute(compute)
  const jobs = [...new Set(asIterable(keys, 'keys'))].map(key => jobOf(making, key, inBatches, isAnew))
  const { backing } = making.inner
  const all = yield* forEach(jobs, function* (job) {
    // A copy will do, if any value will do: what is made of it is judged by the store.
    const now = yield* !job.isAnew && backing.glance ? backing.glance(job.key) : backing.read(job.key)
    begin(job, now)
    return newWanted(job, yield* look(job, now))
  })
  if (hasBackground) refreshBehind(making, all, compute)
  yield* obtainAll(making, all, compute)
  for (const { job, got } of all) making.inner.note((got as Got<unknown>).source, job.key)
  return new Map(all.map(({ job, got }) => [job.key, got as Got<unknown>]))
})

/** Gives the old values where that is enough, and makes new ones meanwhile. */
function refreshBehind<T>(making: Making<T>, all: readonly Wanted<T>[], compute: ComputeMany<T>): void {
  const old = all.filter(({ job, sight }) => isGivenOld(job, sight))
  if (old.length === 0) return
  const anew = old.map(({ job, sight }) => newWanted(job, sight))
  for (const one of old) giveOld(one)
  // No call waits for it.
  drive(obtainAll(making, anew, compute)).catch(error => {
    for (const { job } of anew) happened('holdfast:refresh-failed', { key: job.key, error })
  })
}
