/// <reference lib="esnext.disposable" preserve="true" />

import { dual } from '../../core/dual.js'
import type { Steps } from '../../core/steps.js'
import { DroppedLeases } from '../../lock/lease/dropped.js'
import { heartbeatsOf } from '../../lock/lease/heartbeats.js'
import type { LeaseAction } from '../../lock/lease/lease-actions.js'
import type { LeaseSurface } from '../../lock/lease.js'
import { lossSignal, release, renew, type StoreHold } from './hold.js'

const renewLease = dual(function renewStoreLock(_key: string, hold: StoreHold): Steps<void> {
  return renew(hold)
})

const releaseLease = dual(function releaseStoreLock(_key: string, hold: StoreHold): Steps<void> {
  return release(hold)
})

/** A lock in a store that is held, until it is released or lost. */
export class StoreLease implements LeaseSurface {
  readonly #hold: StoreHold

  constructor(hold: StoreHold) {
    this.#hold = hold
  }

  /** What is locked. */
  get key(): string {
    return this.#hold.key
  }

  /** `releasing`: the release is under way, or it has failed, and is tried again in the background. */
  get state(): 'held' | 'releasing' | 'released' | 'lost' {
    const { over } = this.#hold
    return over === undefined ? 'held' : over === 'abandoned' ? 'releasing' : over
  }

  /** When the lock was taken, in milliseconds since 1970. */
  get since(): number {
    return this.#hold.since
  }

  /** How the holder before this one has ended; `died`: what it was doing may be half done. `none`: there was none. */
  get previous(): 'released' | 'died' | 'none' {
    return this.#hold.previous
  }

  /**
   * The fencing token, greater than that of every holder before: what is written to can refuse a holder that has lost the
   * lock, and does not know it yet. It begins with the milliseconds of the engine's clock.
   */
  get fence(): number {
    return this.#hold.fence
  }

  /** This thread, as the engine spells it. */
  get owner(): string {
    return this.#hold.held.claim.owner
  }

  /**
   * Aborted as soon as this process knows that the lock is lost (`ERR_LEASE_LOST`), or that no heartbeat could be made for
   * `lease` ms, so that others may take it over (`ERR_LEASE_STALE`).
   */
  get signal(): AbortSignal {
    return lossSignal(this.#hold)
  }

  /** Makes a heartbeat now. Throws `ERR_LEASE_LOST` if the lock is lost. */
  get renew(): LeaseAction {
    return action(renewLease, this)
  }

  /**
   * Releases the lock, unless that was done before. Throws `ERR_LEASE_LOST` if another holder has taken it over. After any
   * other error the lease is over, too: it is tried again in the background, until the lock is free.
   */
  get release(): LeaseAction {
    return action(releaseLease, this)
  }

  /** Releases the lock at the end of `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.release()
  }

  /** Releases the lock at the end of `using`. */
  [Symbol.dispose](): void {
    this.release.sync()
  }

  static holdOf(lease: StoreLease): StoreHold {
    return lease.#hold
  }
}

/** It closes over the lease, so a caller that keeps only `release` keeps the lease alive. */
const action = (call: typeof releaseLease, lease: StoreLease): LeaseAction =>
  Object.assign(() => call(lease.key, StoreLease.holdOf(lease)), {
    sync: () => call.sync(lease.key, StoreLease.holdOf(lease)),
  })

const dropped = new DroppedLeases<StoreHold>(
  ({ key }) => JSON.stringify(key),
  hold => releaseLease(hold.key, hold),
  '',
)

/** Starts the heartbeats of a lease. One that is garbage-collected before it was released is released then. */
export function startLease(hold: StoreHold): StoreLease {
  const lease = new StoreLease(hold)
  dropped.watch(
    lease,
    hold,
    heartbeatsOf(hold, one => renewLease(one.key, one)),
  )
  return lease
}
