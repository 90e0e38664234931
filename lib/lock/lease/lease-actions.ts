// What is done with a lease, in the forms in which its users do it.

import { dual } from '../../core/dual.js'
import type { Steps } from '../../core/steps.js'
import type { Hold, ReleaseOptions } from '../hold.js'
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

export const renewLock = dual(function* renewLock(_path: string, hold: Hold, _remove: boolean): Steps<void> {
  yield* renew(hold)
})

export const releaseLock = dual(function releaseLock(_path: string, hold: Hold, remove: boolean): Steps<void> {
  return release(hold, { remove })
})

/** Calls for one lock land in call order, as those of `writeFile` do. */
export const publishData = dual(
  function publishData(_path: string, hold: Hold, data: unknown): Steps<void> {
    return publish(hold, data)
  },
  { turns: path => [`data of ${path}`] },
)

/**
 * `holdOfLease` closes over the lease, so a caller who keeps only `release` keeps the lease alive (see
 * `FinalizationRegistry` in ../lease.ts).
 */
export function leaseAction(call: typeof releaseLock, holdOfLease: () => Hold): LeaseRelease {
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

export const renewInBackground = (hold: Hold): Promise<void> => renewLock(hold.locking.path, hold, false)
