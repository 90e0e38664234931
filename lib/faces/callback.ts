// The callback form of a face: a function that is the last argument.

import { callBackSoon } from '../core/timers.js'

/** What a face calls with an error, or with no error and the value. */
// biome-ignore lint/suspicious/noExplicitAny: each face declares what its callbacks take
export type Callback = (error?: any, value?: any) => unknown

/**
 * Calls `callback` when the promise has settled. What the callback throws is an uncaught exception, and neither an unhandled
 * rejection nor a second call of it.
 */
export function settleInto<T>(promise: Promise<T>, callback: Callback): undefined {
  promise.then(
    value => callBackSoon(callback, null, value),
    error => callBackSoon(callback, error),
  )
  return undefined
}

/** The same, where "no error" is undefined, and no value follows: write-file-atomic and atomically pass that. */
export function reportInto(promise: Promise<unknown>, callback: Callback): undefined {
  promise.then(
    () => callBackSoon(callback, undefined),
    error => callBackSoon(callback, error),
  )
  return undefined
}
