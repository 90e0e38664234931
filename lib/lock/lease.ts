/// <reference lib="esnext.disposable" preserve="true" />

import { dual } from '../core/dual.js'
import type { Steps } from '../core/steps.js'
import { longestTimerMs } from '../core/wait.js'
import { type Hold, lossSignal, release, renew } from './hold.js'

/** A call on something, with its sync form. */
export interface LeaseAction {
  (): Promise<void>
  /** The same, at once. */
  sync(): void
}

/** A lock that is held until it is released, or lost. */
export class Lease {
  readonly #hold: Hold

  constructor(hold: Hold) {
    this.#hold = hold
  }

  /**
   * Greater by one than that of the holder before. Hand it on with what you write, and let the other side refuse what
   * comes with a smaller one than it has seen: that alone keeps out a holder who was robbed and does not know it yet.
   */
  get fence(): number {
    return this.#hold.fence
  }

  /** This process, as the lock spells it. */
  get owner(): string {
    return this.#hold.owner
  }

  /** Aborted as soon as it is known that another has taken the lock over; its reason is `ERR_LEASE_LOST`. */
  get signal(): AbortSignal {
    return lossSignal(this.#hold)
  }

  /** Shows that the holder lives; this happens by itself, every `heartbeat` ms. Throws `ERR_LEASE_LOST` if it is lost. */
  get renew(): LeaseAction {
    return leaseAction(renewLock, () => this.#hold)
  }

  /** Gives the lock back; nothing if that was done before. Throws `ERR_LEASE_LOST` if another has taken it over. */
  get release(): LeaseAction {
    return leaseAction(releaseLock, () => this.#hold)
  }

  /** Gives it back at the end of `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.release()
  }

  /** Gives it back at the end of `using`. */
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

/** It asks the lease, so that whoever keeps only this keeps the lease. */
function leaseAction(call: typeof releaseLock, held: () => Hold): LeaseAction {
  const now = () => {
    const hold = held()
    call.sync(hold.locking.path, hold)
  }
  const later = () => {
    const hold = held()
    return call(hold.locking.path, hold)
  }
  return Object.assign(later, { sync: now })
}

/** A lease that lives by its own heartbeats, and by its owner: whoever drops it has released it. */
export function startLease(hold: Hold): Lease {
  const lease = new Lease(hold)
  const timer = startBeating(hold)
  collected ??= new FinalizationRegistry(releaseCollected)
  collected.register(lease, hold, hold)
  hold.whenOver.push(() => {
    clearInterval(timer)
    collected?.unregister(hold)
  })
  return lease
}

/** Made by the first lease, because nothing happens at import. */
let collected: FinalizationRegistry<Hold> | undefined

function releaseCollected(hold: Hold): void {
  const { path } = hold.locking
  if (hold.over) return
  process.emitWarning(`A lease was dropped without being released, and is released now: ${path}`, {
    code: 'HOLDFAST_LEASE_DROPPED',
    detail: 'Keep the lease for as long as the lock is needed, and call lease.release(), or use withLock().',
  })
  // If that fails it is not lost: it goes with this process.
  releaseLock(path, hold).catch(() => {})
}

/** Neither the timer nor what it calls keeps the process alive, or the lease. */
function startBeating(hold: Hold): NodeJS.Timeout | undefined {
  const { path, heartbeatMs } = hold.locking
  if (heartbeatMs > longestTimerMs) return undefined
  let beating = false
  const beat = () => {
    if (beating) return
    beating = true
    // One that fails is followed by another; a loss is told by the lease's signal.
    const over = () => {
      beating = false
    }
    renewLock(path, hold).then(over, over)
  }
  return setInterval(beat, heartbeatMs).unref()
}
