/// <reference lib="esnext.disposable" preserve="true" />

import { dual } from '../core/dual.js'
import type { Steps } from '../core/steps.js'
import { longestTimerMs } from '../core/wait.js'
import { type Hold, lossSignal } from './hold.js'
import { release, renew } from './of-users.js'

/** An action on a lease, with its sync form. */
export interface LeaseAction {
  (): Promise<void>
  /** The same, without a promise: it blocks the thread. */
  sync(): void
}

/** A lock that is held, until it is released or lost. */
export class Lease {
  readonly #hold: Hold

  constructor(hold: Hold) {
    this.#hold = hold
  }

  /**
   * The fencing token: greater by one than that of the holder before. Send it along with what you write, and let the
   * other side refuse any write with a smaller token than it has seen. Only that keeps out a holder that has lost the
   * lock and does not know it yet.
   */
  get fence(): number {
    return this.#hold.fence
  }

  /** This process, as the lock spells its owner: place, pid and birth. */
  get owner(): string {
    return this.#hold.owner
  }

  /** Aborted as soon as this process knows that the lock is lost; its reason has the code `ERR_LEASE_LOST`. */
  get signal(): AbortSignal {
    return lossSignal(this.#hold)
  }

  /** Makes a heartbeat now, besides the one every `heartbeat` ms. Throws `ERR_LEASE_LOST` if the lock is lost. */
  get renew(): LeaseAction {
    return leaseAction(renewLock, () => this.#hold)
  }

  /** Releases the lock, unless that was done before. Throws `ERR_LEASE_LOST` if another holder has taken it over. */
  get release(): LeaseAction {
    return leaseAction(releaseLock, () => this.#hold)
  }

  /** Releases the lock at the end of `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.release()
  }

  /** Releases the lock at the end of `using`. */
  [Symbol.dispose](): void {
    this.release.sync()
  }
}

const renewLock = dual(function* renewLock(_path: string, hold: Hold): Steps<void> {
  yield* renew(hold)
})

const releaseLock = dual(function* releaseLock(_path: string, hold: Hold): Steps<void> {
  yield* release(hold)
})

/**
 * `holdOfLease` closes over the lease, so a caller who keeps only `release` keeps the lease alive (see
 * `FinalizationRegistry` below).
 */
function leaseAction(call: typeof releaseLock, holdOfLease: () => Hold): LeaseAction {
  const run = () => {
    const hold = holdOfLease()
    return call(hold.locking.path, hold)
  }
  const runSync = () => {
    const hold = holdOfLease()
    call.sync(hold.locking.path, hold)
  }
  return Object.assign(run, { sync: runSync })
}

/** Starts the heartbeats of a lease. One that is garbage-collected before it was released is released then. */
export function startLease(hold: Hold): Lease {
  const lease = new Lease(hold)
  const timer = startHeartbeats(hold)
  droppedLeases ??= new FinalizationRegistry(releaseDropped)
  droppedLeases.register(lease, hold, hold)
  hold.whenOver.push(() => {
    clearInterval(timer)
    droppedLeases?.unregister(hold)
  })
  return lease
}

/** Made by the first lease, because nothing happens at import. */
let droppedLeases: FinalizationRegistry<Hold> | undefined

function releaseDropped(hold: Hold): void {
  const { path } = hold.locking
  if (hold.over) return
  process.emitWarning(`A lease was dropped without being released, and is released now: ${path}`, {
    code: 'HOLDFAST_LEASE_DROPPED',
    detail: 'Keep the lease for as long as the lock is needed, and call lease.release(), or use withLock().',
  })
  // If this fails, the lock stays held until the process ends.
  releaseLock(path, hold).catch(() => {})
}

/** Makes heartbeats in the background. The timer keeps neither the process alive nor the lease. */
function startHeartbeats(hold: Hold): NodeJS.Timeout | undefined {
  const { path, heartbeatMs } = hold.locking
  if (heartbeatMs > longestTimerMs) return undefined
  let beating = false
  const beat = () => {
    if (beating) return
    beating = true
    // A heartbeat that fails is followed by another. If the lock is lost, the lease's signal reports it.
    const ended = () => {
      beating = false
    }
    renewLock(path, hold).then(ended, ended)
  }
  return setInterval(beat, heartbeatMs).unref()
}
