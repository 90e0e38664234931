// How a call of the promise form ends.

/** `error` is null or undefined if there is none. */
export type Done = (error: unknown, value?: unknown) => void
/** Ends a wait early. Only waits have one. */
export type Wake = () => void

/** The error of a call that was to wait for its turn, and was not made, because its wait was ended early. */
export const notMade = new Error('The call was not made')

export const isFailure = (error: unknown): boolean => error !== null && error !== undefined

/** Returns what was thrown, as an error that counts: `undefined` can be thrown, too. */
export const asFailure = (thrown: unknown): unknown => thrown ?? new Error(`A call threw ${thrown}`)

/** Does the work now, and calls `done` before it returns. */
export function callBack(work: () => unknown, done: Done): undefined {
  let value: unknown
  try {
    value = work()
  } catch (error) {
    done(asFailure(error))
    return
  }
  done(null, value)
}
