// What users do with a hold: their steps run as those of its lock do, which may be below a root (../../within.ts).

import type { Steps } from '../../core/steps.js'
import * as own from '../hold.js'
import { releaseAndRemove } from '../slots/clear.js'
import * as whileHeld from '../while-held.js'
import { publishersOf } from '../whole.js'
import * as publishing from './publish.js'

const through = <T>({ locking }: own.Hold, steps: Steps<T>): Steps<T> => locking.through?.(steps) ?? steps

const isShared = (hold: own.Hold): boolean => publishersOf(hold).some(({ locking }) => locking.slot !== undefined)

/**
 * One heartbeat: shows that the holder is alive.
 *
 * @param hold What `lock.steps` returned.
 * @throws `ERR_LEASE_LOST`
 */
export const renew = (hold: own.Hold): Steps<void> => through(hold, own.renew(hold))

/**
 * Releases the lock.
 *
 * @param hold What `lock.steps` returned.
 * @param options `remove`: the directory of the lock goes, too, if that can be done.
 * @throws `ERR_LEASE_LOST`
 */
export const release = (hold: own.Hold, options?: own.ReleaseOptions): Steps<void> =>
  through(hold, options?.remove && isShared(hold) ? releaseAndRemove(hold) : own.release(hold, options))

/**
 * Waits for what a user's callback returned, and makes heartbeats meanwhile.
 *
 * @param hold What `lock.steps` returned.
 * @param value What the callback returned: a value, or a promise.
 */
export const attended = <T>(hold: own.Hold, value: T | PromiseLike<T>): Steps<Awaited<T>> =>
  through(hold, whileHeld.attended(hold, value))

/**
 * Publishes data with the hold: `lock.holder` returns it until the hold is over.
 *
 * @param hold What `lock.steps` returned.
 * @param data Anything that JSON can hold.
 * @throws `ERR_LEASE_LOST`
 */
export const publish = (hold: own.Hold, data: unknown): Steps<void> => through(hold, publishing.publish(hold, data))
