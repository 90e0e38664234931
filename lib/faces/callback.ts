// The callback form of a face: a function that is the last argument.

/** What a face calls with an error, or with `none` and the value. */
// biome-ignore lint/suspicious/noExplicitAny: each face declares what its callbacks take
export type Callback = (error?: any, value?: any) => unknown

/**
 * Calls `callback` when the promise has settled. That is in a tick of its own: what the callback throws is an uncaught
 * exception, as of any callback of Node, and neither an unhandled rejection nor a second call of it.
 *
 * @param none What stands for "no error": fs-extra and others pass null, write-file-atomic passes undefined.
 */
export function settleInto<T>(promise: Promise<T>, callback: Callback, none: null | undefined = null): undefined {
  promise.then(
    value => process.nextTick(callback, none, value),
    error => process.nextTick(callback, error),
  )
  return undefined
}
