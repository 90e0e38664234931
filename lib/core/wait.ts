// What does not come from the disk: time that passes, random bytes, and what users' callbacks return.

import { randomBytes } from 'node:crypto'
import { pending } from './alphabet.js'

/** `error` is null or undefined if there is none. */
export type Done = (error: unknown, value?: unknown) => void
/** Ends a wait early. Only waits have one. */
export type Wake = () => void

/** Does the work now, and calls `done` before it returns. */
export function callBack(work: () => unknown, done: Done): undefined {
  let value: unknown
  try {
    value = work()
  } catch (error) {
    done(error)
    return
  }
  done(null, value)
}

/** Node fires a timer at once if it is set to more than this. */
export const longestTimerMs = 2 ** 31 - 1

export function sleep(ms: number, done: Done): Wake {
  const timer = setTimeout(done, Math.min(ms, longestTimerMs), null)
  return () => {
    clearTimeout(timer)
    done(null)
  }
}

export function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/** Waits for what a user's callback returned, if that is a promise. A wait that is ended early ignores the result. */
export function settle(returned: unknown, ms: number | undefined, done: Done): Wake | undefined {
  if (!isThenable(returned)) return done(null, returned) as undefined
  let over = false
  const end: Done = (error, value) => {
    clearTimeout(timer)
    if (!over) done(error, value)
    over = true
  }
  // What the promise waits for keeps the process alive, if anything must.
  const timer = ms === undefined ? undefined : setTimeout(end, Math.min(ms, longestTimerMs), null, pending).unref()
  returned.then(
    value => end(null, value),
    error => end(error ?? new Error('The callback rejected without a reason')),
  )
  return () => end(null)
}

export function settleSync(returned: unknown): unknown {
  if (!isThenable(returned)) return returned
  ignoreRejection(returned)
  const message = 'The callback returned a promise, which the sync form cannot wait for'
  throw Object.assign(new TypeError(message), { code: 'ERR_INVALID_RETURN_VALUE' })
}

export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | null)?.then === 'function'

/** Returns `value`. If that is a promise which no caller waits for, its rejection does not end the process. */
export function ignoreRejection<T>(value: T): T {
  if (isThenable(value)) value.then(undefined, () => {})
  return value
}

// Drawn in advance, because drawing costs more than a system call.
let randomPool = Buffer.alloc(0)
export function random(bytes: number): Buffer {
  if (randomPool.length < bytes) randomPool = randomBytes(Math.max(bytes, 4096))
  const slice = randomPool.subarray(0, bytes)
  randomPool = randomPool.subarray(bytes)
  return slice
}
