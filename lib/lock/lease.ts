/// <reference lib="esnext.disposable" preserve="true" />

import { dual } from '../core/dual.js'
import type { Steps } from '../core/steps.js'
import { Heartbeats } from './heartbeats.js'
import { type Hold, lossSignal, type ReleaseOptions } from './hold.js'
import { publish, release, renew } from './of-users.js'

/** An action on a lease, with its sync form. */
export interface LeaseAction {
  (): Promise<void>
  /** The same, without a promise: it blocks the thread. */
  sync(): void
}

/** The release of a lease, with its sync form. */
export interface LeaseRelease {
  (options?: ReleaseOptions): Promise<void>
  /** The same, without a promise: it blocks the thread. */
  sync(options?: ReleaseOptions): void
}

/** The publication of data with a lease, with its sync form. */
export interface LeasePublish {
  (data: unknown): Promise<void>
  /** The same, without a promise: it blocks the thread. */
  sync(data: unknown): void
}

/** A lock that is held, until it is released or lost. */
export class Lease {
  readonly #hold: Hold

  constructor(hold: Hold) {
    this.#hold = hold
  }

  /**
   * The fencing token: greater than that of the holder before, usually by one. Send it along with what you write, and let the
   * other side refuse any write with a smaller token than it has seen. Only that keeps out a holder that has lost the
   * lock and does not know it yet.
   */
  get fence(): number {
    return this.#hold.fence
  }

  /** The fencing tokens of all paths, in the order in which they were given: that of `lock([a, b])` is the first. */
  get fences(): readonly number[] {
    return this.#hold.fences ?? [this.#hold.fence]
  }

  /**
   * With `holders`, which of the slots this is, from 1 on: no two that hold the lock at the same time have the same.
   * Otherwise undefined.
   */
  get slot(): number | undefined {
    const { slot } = this.#hold.locking
    return slot && slot.gate.sharing !== 'shared' ? slot.number : undefined
  }

  /** This thread, as the lock spells its owner: where it is, and the ids and births of its process and itself. */
  get owner(): string {
    return this.#hold.owner
  }

  /**
   * Aborted as soon as this process knows that the lock is lost; its reason has the code `ERR_LEASE_LOST`. Aborted, too,
   * with `ERR_LEASE_STALE`, when no heartbeat could be made for `stale` ms: then the lock may be held still, and `renew`
   * finds out, but a holder elsewhere may take it over at any moment.
   */
  get signal(): AbortSignal {
    return lossSignal(this.#hold)
  }

  /** Makes a heartbeat now, besides the one every `heartbeat` ms. Throws `ERR_LEASE_LOST` if the lock is lost. */
  get renew(): LeaseAction {
    return leaseAction(renewLock, () => this.#hold)
  }

  /**
   * Releases the lock, unless that was done before. Throws `ERR_LEASE_LOST` if another holder has taken it over. After any
   * other error the lease is over, too, and its heartbeats end: this thread may take the lock at once. It is tried again in
   * the background, and by a second call, until the lock is free for others. With `remove`, the lock's directory goes, too.
   */
  get release(): LeaseRelease {
    return leaseAction(releaseLock, () => this.#hold)
  }

  /**
   * Publishes data for those that find the lock held, such as the URL of a server: `holder.data` of `lock.holder` and of
   * `ERR_LOCK_HELD` is the last that was published, until the lock is released or lost. The next holder begins without.
   * Takes what JSON can hold, at most 1 MiB of it, and keeps it in a file beside the lock. Throws `ERR_LEASE_LOST` if the
   * lock is not held any more; `ERR_INVALID_ARG_VALUE` for what is no JSON (to take data back, publish `null`),
   * `ERR_OUT_OF_RANGE` for more; what `JSON.stringify` throws; and errors of the system: then what was published before
   * stays.
   */
  get publish(): LeasePublish {
    return Object.assign((data: unknown) => publishData(this.#hold.locking.path, this.#hold, data), {
      sync: (data: unknown) => publishData.sync(this.#hold.locking.path, this.#hold, data),
    })
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

const renewLock = dual(function* renewLock(_path: string, hold: Hold, _remove: boolean): Steps<void> {
  yield* renew(hold)
})

const releaseLock = dual(function* releaseLock(_path: string, hold: Hold, remove: boolean): Steps<void> {
  yield* release(hold, { remove })
})

/** Calls for one lock land in call order, as those of `writeFile` do. */
const publishData = dual(
  function publishData(_path: string, hold: Hold, data: unknown): Steps<void> {
    return publish(hold, data)
  },
  { turns: path => [`data of ${path}`] },
)

/**
 * `holdOfLease` closes over the lease, so a caller who keeps only `release` keeps the lease alive (see
 * `FinalizationRegistry` below).
 */
function leaseAction(call: typeof releaseLock, holdOfLease: () => Hold): LeaseRelease {
  // It may be given to what calls it with something else, such as an event.
  const isRemoval = (options?: ReleaseOptions) => options?.remove === true
  const run = (options?: ReleaseOptions) => {
    const hold = holdOfLease()
    return call(hold.locking.path, hold, isRemoval(options))
  }
  const runSync = (options?: ReleaseOptions) => {
    const hold = holdOfLease()
    call.sync(hold.locking.path, hold, isRemoval(options))
  }
  return Object.assign(run, { sync: runSync })
}

const renewInBackground = (hold: Hold): Promise<void> => renewLock(hold.locking.path, hold, false)

/** Starts the heartbeats of a lease. One that is garbage-collected before it was released is released then. */
export function startLease(hold: Hold): Lease {
  const lease = new Lease(hold)
  const heartbeats = new Heartbeats(hold, renewInBackground)
  droppedLeases ??= new FinalizationRegistry(releaseDropped)
  droppedLeases.register(lease, hold, hold)
  hold.whenOver.push(() => {
    heartbeats.stop()
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
  // If this fails, it is tried again.
  releaseLock(path, hold, false).catch(() => {})
}
