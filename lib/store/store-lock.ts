import { type Dual, dual } from '../core/dual.js'
import type { Patience } from '../core/input.js'
import type { Steps } from '../core/steps.js'
import type { AnyStore, Store } from './contract.js'
import { innerOf } from './inner.js'
import { acquire, asPlace, asWanted, sayWhoUntil, tryAcquire } from './store-lock/acquire.js'
import { readHolder } from './store-lock/errors.js'
import { release, renew, type StoreHold } from './store-lock/hold.js'
import { type StoreLease, startLease } from './store-lock/lease.js'
import type { StoreHolder, StoreLockOptions } from './store-lock/options.js'

export type { StoreHold } from './store-lock/hold.js'
export type { StoreLease } from './store-lock/lease.js'
export type { StoreHolder, StoreLockOptions, StoreWaiting } from './store-lock/options.js'

export interface StoreLock {
  <T>(store: Store<T>, key: string, options?: StoreLockOptions): Promise<StoreLease>
  /** The same, without a promise: it blocks the thread while it waits. */
  sync<T>(store: Store<T>, key: string, options?: StoreLockOptions): StoreLease
  /** The same, as steps of a larger algorithm, without heartbeats. */
  steps<T>(store: Store<T>, key: string, options?: StoreLockOptions): Steps<StoreHold>
  /** Takes the lock if that is possible at once; returns undefined if it is held. */
  readonly try: {
    <T>(store: Store<T>, key: string, options?: StoreLockOptions): Promise<StoreLease | undefined>
    sync<T>(store: Store<T>, key: string, options?: StoreLockOptions): StoreLease | undefined
    steps<T>(store: Store<T>, key: string, options?: StoreLockOptions): Steps<StoreHold | undefined>
  }
  /**
   * For algorithms: releases the lock. More than once is no error.
   *
   * @param hold What `steps` returned.
   * @throws `ERR_LEASE_LOST`
   */
  release(hold: StoreHold): Steps<void>
  /**
   * For algorithms: one heartbeat, which shows that the holder is alive.
   *
   * @param hold What `steps` returned.
   * @throws `ERR_LEASE_LOST`
   */
  renew(hold: StoreHold): Steps<void>
  /** Who holds the lock; undefined if it is free. One whose holder is known to be dead is held until a call takes it over. */
  readonly holder: Dual<[store: AnyStore, key: string, options?: Patience], StoreHolder | undefined>
}

/**
 * Takes a lock that is kept in a store: what `lock` does among those that see a path, it does among all that see the store.
 *
 * Holds afterwards: until the lease is released or lost, no other caller holds the lock; and `fence` is greater than that of
 * every holder before, also over releases. If a holder dies, a process that can see that takes over at once: on one machine, and
 * as far as the engine knows. Any other process takes over when it has seen no heartbeat for the holder's own `lease`. A
 * holder that is known to be alive never loses the lock, however late its heartbeat.
 *
 * Not promised: exclusion in real time against a holder elsewhere that is alive, but made no heartbeat for `lease` ms, as
 * after a laptop's sleep: it is informed by `lease.signal`, `renew` and `release`, and until then only the fencing token keeps
 * its writes out. That calls of several processes take turns: in one thread it is first come, first served. What the engine
 * does not keep: a Redis that loses acknowledged writes in a failover loses locks, too. That fences rise if something removes
 * the entry (and the clock of the engine was set back).
 *
 * The lock is an entry of the store, which stays: `{ "lock": <fence> }`, and `label` and `since` if there is a label.
 * `storeLock.try(store, key)` returns undefined instead of waiting. `storeLock.holder(store, key)` returns who holds the lock
 * (`owner`, `fence`, `alive`, `label`, `since`), or undefined. `storeLock.steps(store, key)` returns a hold, for algorithms;
 * `yield* storeLock.release(hold)` releases it, and `yield* storeLock.renew(hold)` is a heartbeat.
 *
 * @param store Any store of `holdfast/store`, wrapped or not.
 * @param key The key of the entry that is the lock.
 * @param options `timeout` (ms) is for the whole call; `lease` (ms) is kept with the lock.
 * @returns A lease: keep it. `lease.release()` or `await using` releases it; so does closing the store. Heartbeats keep no process
 *   alive, and a process that exits holds nothing.
 * @throws `ERR_LOCK_HELD`: `timeout` has passed (`cause` is the time-out, `holder` says who holds the lock), or the call would
 *   wait for itself (sync form). `ERR_NOT_A_LOCK`: the entry is something else. What `onWait` throws. `ERR_STORE_CLOSED`, and
 *   errors of the engine, unchanged.
 *
 * @example
 * await using lease = await storeLock(store, 'deploy', { timeout: 30_000 })
 * await deploy({ fence: lease.fence, signal: lease.signal })
 *
 * Source of the protocol: leases with fencing (Gray and Cheriton 1989; Kleppmann 2016) on compare-and-swap of a state.
 */
export const storeLock: StoreLock = Object.assign(
  async (store: unknown, key: string, options?: StoreLockOptions) => startLease(await taking(store, key, options)),
  {
    sync: (store: unknown, key: string, options?: StoreLockOptions) => startLease(taking.sync(store, key, options)),
    steps: (store: unknown, key: string, options?: StoreLockOptions) => taking.steps(store, key, options),
    try: Object.assign(
      async (store: unknown, key: string, options?: StoreLockOptions) => leaseOf(await trying(store, key, options)),
      {
        sync: (store: unknown, key: string, options?: StoreLockOptions) => leaseOf(trying.sync(store, key, options)),
        steps: (store: unknown, key: string, options?: StoreLockOptions) => trying.steps(store, key, options),
      },
    ),
    release,
    renew,
    holder: dual(function* storeLockHolder(store: AnyStore, key: string, _options: Patience = {}) {
      return yield* readHolder(asPlace(store, key), key)
    }),
  },
)

const leaseOf = (hold: StoreHold | undefined): StoreLease | undefined => hold && startLease(hold)

const untilOver = (hold: StoreHold): Promise<void> => new Promise(resolve => hold.whenOver.push(resolve))

/** Its caller has gone, and knows nothing of it. */
function* giveBack(hold: StoreHold | undefined): Steps<void> {
  if (hold) yield* release(hold)
}

const taking = dual(
  function storeLock(store: unknown, key: string, options: StoreLockOptions = {}): Steps<StoreHold> {
    return acquire(asWanted(store, key, options))
  },
  {
    turns: (store, key) => [`lock ${innerOf(store).identityOf(key as string)}`],
    until: untilOver,
    giveBack,
    whileQueued: (turn, store, key, options = {}) => options.onWait && sayWhoUntil(asWanted(store, key, options), turn),
  },
)

const trying = dual(
  function tryStoreLock(store: unknown, key: string, options: StoreLockOptions = {}): Steps<StoreHold | undefined> {
    return tryAcquire(asWanted(store, key, options))
  },
  { giveBack },
)
