import type { Steps } from './core/steps.js'
import { asLocking, lockTurn } from './lock/options.js'
import { ownCircle } from './lock/slots/circle.js'
import { type SingleFunction, singleBy } from './single/functions.js'

export type { SingleFunction } from './single/functions.js'
export type { First, Other, Single, SingleOptions } from './single/options.js'

/**
 * Is the one instance of something among all processes, or finds it: a dev server, a daemon, a worker.
 *
 * Holds afterwards: either this call holds the lock of `path`, has run `start`, and has published the data
 * (`isFirst: true`); or another holds it, and this call has what that has published (`isFirst: false`). Data is published
 * only when `start` has ended, so it can be relied on: a server whose URL it says is there. One that dies, also while it
 * starts, holds nothing: the next call is the first, and so is one that waits. If `start` fails, the lock is free again.
 *
 * Not promised: what `lock` does not promise. That the other instance is still there when this call has returned: connect
 * to it, and if that fails, call again. `signal` and `timeout` apply to waiting for another instance; pass them to `start`
 * yourself if it should stop, too.
 *
 * `lock.holder(path)` returns who is the one, and its data, without becoming it.
 *
 * @param path As for `lock`: `<path>.lock` is made there.
 * @returns `isFirst`; `data`; and either `lease`, to be kept for as long as the instance is there (`lease.release()`, or
 *   `await using`; a process that exits holds nothing), or `holder`, which says who the other one is (`pid`, `host`, `since`
 *   ...). With `wait: false`, `data` is undefined if another instance is still starting.
 * @throws What `start` throws, unchanged. `ERR_LOCK_HELD`: `timeout` has passed, and the other instance is not ready
 *   (`holder` says who it is); or the call is inside the work of its own `start`. `ERR_LEASE_LOST`: another has taken the
 *   lock over while `start` ran. `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`: the data is no JSON, or has more than 1 MiB.
 *   What `lock` throws.
 *
 * @example
 * const dev = await single('.app/dev', { start: async () => ({ url: await startServer() }) })
 * const line = `${dev.isFirst ? 'ready' : `already running as process ${dev.holder.pid}`}: ${dev.data?.url}`
 *
 * Source of the protocol: `lock`, whose holder publishes data.
 */
export const single: SingleFunction = singleBy({
  locking: asLocking,
  turn: lockTurn,
  run: <T>(steps: Steps<T>) => steps,
  circle: ownCircle,
})
