// `holdfast/cache`: values of one process, each loaded once, checked when it is used, and disposed of once.

import { Entries } from './cache/entries.js'
import { cacheClosed } from './cache/errors.js'
import { Lookups } from './cache/lookups.js'
import { asCaching, type CallerOptions, deadlineFor, type ValidatingCacheOptions } from './cache/options.js'
import { Departures } from './cache/stay.js'
import type { CacheSource, Landing } from './cache/waiter.js'
import { asFunction, refusal } from './core/input.js'

export type { CacheTask, CallerOptions, EvictReason, ValidatingCacheOptions, Verdict } from './cache/options.js'
export type { CacheSource } from './cache/waiter.js'

export interface Cached<V> {
  readonly value: V
  readonly source: CacheSource
}

/**
 * Keeps values in memory that are costly to make and must be closed: connections, sessions, parsed files.
 *
 * Holds afterwards: callers who ask for a key at the same time share one check and one load, and get the same value. A value
 * that was set while another was being loaded wins: all callers get it. What was being loaded when its key was deleted is
 * never stored; its callers get it. Errors of `load` are thrown to those who wait, and never stored. Each caller leaves when
 * its own `signal` or `timeout` says so; when the last one has left, the signal of the load is aborted. A value that is pushed
 * out for want of room takes no load with it. Each value that was set or loaded gets to `onEvict` exactly once, with the
 * reason, when the change is done and no `use` has the value any more.
 *
 * Not promised: anything among processes (see `getOrSet` of `holdfast/store`). That a value which `get` has returned is not
 * disposed of meanwhile: that is `use`. That a load ends when its signal is aborted: what it makes all the same goes to
 * `onEvict`. That a load which waits for its own key ends by itself: it is refused only where it asks before its first
 * `await`, and otherwise ends at `timeouts.load`. That a value is young: without `check` and `maxAge` it stays as long as
 * there is room.
 *
 * Keys are compared as a Map does: objects by identity. If the very value that is there is set again, its stay goes on.
 *
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`: bad input. Diagnostics channels:
 *   `holdfast:evict-failed`: `onEvict` threw or rejected (`key`, `why`, `error`). `holdfast:check-failed`: `check` did, and
 *   the value was returned as `stale` (`key`, `error`).
 *
 * @example
 * const sessions = new ValidatingCache({
 *   max: 1000,
 *   load: (id: string, { signal }) => openSession(id, { signal }),
 *   check: async (id, session) => ((await session.isAlive()) ? 'valid' : 'expired'),
 *   onEvict: (id, session) => session.close(),
 * })
 * const reply = await sessions.use('s1', session => session.ask('hello'))
 *
 * Source of the protocol: `ValidatingCache` of stacklok/toolhive.
 */
export class ValidatingCache<K, V> implements AsyncDisposable {
  readonly #departures: Departures<K, V>
  readonly #entries: Entries<K, V>
  readonly #lookups: Lookups<K, V>
  readonly #checks: boolean

  constructor(options: ValidatingCacheOptions<K, V>) {
    const caching = asCaching(options)
    this.#departures = new Departures(caching.onEvict)
    this.#entries = new Entries(caching, this.#departures)
    this.#lookups = new Lookups(caching, this.#entries, this.#departures)
    this.#checks = caching.check !== undefined
  }

  /** How many values are in the cache, those included whose age is yet to be noticed. */
  get size(): number {
    return this.#entries.size
  }

  /**
   * Gets the value of a key, which is loaded if it is not there, or not good any more.
   *
   * @param options `signal` and `timeout` (ms) are this caller's own: the others go on waiting.
   * @returns `value`, and `source`: it was there (`hit`), was `loaded`, or was there and the check failed (`stale`).
   * @throws What `load` threw, that very object. `ERR_LOAD_TIMEOUT`: its time was over (`timeouts.load`). `ABORT_ERR`,
   *   `ERR_TIMEOUT`. `ERR_CACHE_CLOSED`. `ERR_WAITS_FOR_ITSELF`: the load, or the check, of the key calls it.
   *   `ERR_INVALID_RETURN_VALUE`: `check` returned neither 'valid' nor 'expired'.
   */
  async get(key: K, options?: CallerOptions): Promise<Cached<V>> {
    if (options === undefined && !this.#checks) {
      const entry = this.#entries.get(key)
      if (entry) return { value: entry.value, source: 'hit' }
    }
    const landing = this.#obtain(key, false, options)
    const { value, source } = landing instanceof Promise ? await landing : landing
    return { value, source }
  }

  /**
   * Runs `work` with the value of a key, which is not disposed of before `work` has ended, even if it leaves the cache.
   *
   * @param options As for `get`: they end the wait for the value, not `work`.
   * @returns What `work` returned.
   * @throws What `work` threw, and what `get` throws.
   */
  async use<R>(key: K, work: (value: V) => R | PromiseLike<R>, options?: CallerOptions): Promise<Awaited<R>> {
    if (asFunction(work, 'work') === undefined) throw refusal('ERR_INVALID_ARG_TYPE', 'work', 'of type function', work)
    const landing = this.#obtain(key, true, options)
    const { value, stay } = landing instanceof Promise ? await landing : landing
    try {
      return await work(value)
    } finally {
      stay?.leave()
      this.#departures.handOver()
    }
  }

  /** Puts a value in the cache, over the one that is there or is being loaded. Undefined is no value. */
  set(key: K, value: V): void {
    if (value === undefined) throw refusal('ERR_INVALID_ARG_TYPE', 'value', 'a value other than undefined', value)
    if (this.#lookups.isClosed) throw cacheClosed()
    this.#lookups.flights.overtake(key, this.#entries.put(key, value))
    this.#departures.handOver()
  }

  /** Returns the value that is there, without check or load. It does not count as a use. */
  peek(key: K): V | undefined {
    return this.#entries.peek(key)?.value
  }

  /** Returns whether a value was there. One that is being loaded is not stored. */
  delete(key: K): boolean {
    this.#lookups.flights.outdate(key)
    const entry = this.#entries.at(key)
    if (entry) this.#entries.end(key, entry, 'deleted')
    this.#departures.handOver()
    return entry !== undefined
  }

  /**
   * Deletes all values for which `test` returns true, and returns how many. As it is not known what is being loaded, none
   * of that is stored. If `test` throws, nothing is deleted.
   */
  deleteIf(test: (key: K, value: V) => boolean): number {
    if (asFunction(test, 'test') === undefined) throw refusal('ERR_INVALID_ARG_TYPE', 'test', 'of type function', test)
    const chosen = this.#entries.all().filter(([key, { value }]) => test(key, value))
    this.#lookups.flights.outdateAll()
    let count = 0
    for (const [key, entry] of chosen) {
      // The test may have changed the cache.
      if (!this.#entries.has(key, entry)) continue
      this.#entries.end(key, entry, 'deleted')
      count++
    }
    this.#departures.handOver()
    return count
  }

  /**
   * Closes the cache: callers that wait are rejected (`ERR_CACHE_CLOSED`), and each value goes to `onEvict`.
   *
   * @param options `signal` and `timeout` (ms) end the wait, not the closing.
   * @returns When all of it has ended: each `use`, each `onEvict`, and each check and load, even one that goes on though its
   *   signal is aborted. So it must not be waited for inside of any of them.
   */
  async close(options?: CallerOptions): Promise<void> {
    const deadline = deadlineFor(options)
    this.#lookups.isClosed = true
    this.#lookups.flights.close()
    for (const [key, entry] of this.#entries.all()) this.#entries.end(key, entry, 'closed')
    this.#departures.handOver()
    await this.#departures.rest.reached(deadline)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #obtain(key: K, uses: boolean, options: CallerOptions | undefined): Landing<K, V> | Promise<Landing<K, V>> {
    const deadline = deadlineFor(options)
    if (options?.signal?.aborted) throw deadline?.error
    return this.#lookups.obtain(key, uses, deadline)
  }
}
