/// <reference lib="esnext.disposable" preserve="true" />

import type { InspectOptions } from 'node:util'
import { monotonicMs } from '../core/moment.js'
import { type Hold, lossSignal } from './hold.js'
import { DroppedLeases } from './lease/dropped.js'
import { heartbeatsOf } from './lease/heartbeats.js'
import {
  type LeaseAction,
  type LeasePublish,
  type LeaseRelease,
  leaseAction,
  publishData,
  releaseLock,
  renewInBackground,
  renewLock,
} from './lease/lease-actions.js'
import { overOf } from './whole.js'

export type { LeaseAction, LeasePublish, LeaseRelease } from './lease/lease-actions.js'

/** Node looks for it when it shows a value. */
const inspectCustom: unique symbol = Symbol.for('nodejs.util.inspect.custom')

/** What every lease has, whatever keeps its lock. */
export interface LeaseSurface extends AsyncDisposable, Disposable {
  readonly state: 'held' | 'releasing' | 'released' | 'lost'
  readonly since: number
  readonly previous: 'released' | 'died' | 'none'
  readonly fence: number
  readonly owner: string
  readonly signal: AbortSignal
  readonly renew: LeaseAction
  readonly release: LeaseAction
}

/** A lock that is held, until it is released or lost. */
export class Lease implements LeaseSurface {
  readonly #hold: Hold
  #since: number | undefined

  constructor(hold: Hold) {
    this.#hold = hold
  }

  /** What is locked: the absolute path; below a root (`within`), the path from there. */
  get path(): string {
    return this.#hold.locking.shown
  }

  /**
   * `releasing`: the release is under way, or it has failed, and is tried again in the background. A lease that is `held` may be
   * lost already, as long as this process does not know it.
   */
  get state(): 'held' | 'releasing' | 'released' | 'lost' {
    const over = overOf(this.#hold)
    return over === undefined ? 'held' : over === 'abandoned' ? 'releasing' : over
  }

  /** When the lock was taken, in milliseconds since 1970. */
  get since(): number {
    this.#since ??= Math.round(Date.now() - monotonicMs() + this.#hold.sinceMs)
    return this.#since
  }

  /**
   * How the holder before this one has ended. `released`: it released the lock. `died`: the lock was taken over from it, because
   * it was dead or counted as dead; what it was doing may be half done, and this is the holder that can repair it.
   * `none`: there was none, or nothing is known of it: the lock is new, or its directory was removed meanwhile.
   */
  get previous(): 'released' | 'died' | 'none' {
    return this.#hold.previous
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
   * Aborted as soon as this process knows that the lock is lost; its reason has the code `ERR_LEASE_LOST`, says what was
   * seen, and has the `holder` that has taken the lock over, if that is known. Aborted, too, with `ERR_LEASE_STALE`, when
   * no heartbeat could be made for `stale` ms: then the lock may be held still, and `renew` finds out, but a holder
   * elsewhere may take it over at any moment.
   *
   * Heartbeats find out, so a loss shows after `heartbeat` ms at the latest, unless the thread is blocked. Time in which the
   * machine sleeps counts on macOS and Windows, and not on Linux: there, after the sleep, a lease is not stale, and those on
   * other machines that have waited for `stale` meanwhile have taken the lock over; the first heartbeat finds that out. A
   * thread that was blocked, or a process that was stopped, for longer than `stale` makes a heartbeat before anything is
   * said: if that succeeds within a second, nothing is.
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

  /** How Node shows it. */
  [inspectCustom](depth: number, options: InspectOptions, inspect: typeof import('node:util').inspect): string {
    const { path, fence, state } = this
    const own = this.slot === undefined ? {} : { slot: this.slot }
    const shown = { path, ...own, fence, since: new Date(this.since), state }
    return depth < 0 ? '[Lease]' : `Lease ${inspect(shown, options)}`
  }
}

const dropped = new DroppedLeases<Hold>(
  ({ locking }) => locking.path,
  hold => releaseLock(hold.locking.path, hold, false),
  ', or use withLock()',
)

/** Starts the heartbeats of a lease. One that is garbage-collected before it was released is released then. */
export function startLease(hold: Hold): Lease {
  const lease = new Lease(hold)
  dropped.watch(lease, hold, heartbeatsOf(hold, renewInBackground))
  return lease
}
