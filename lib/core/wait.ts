// Answers that do not come from the disk: time that passes, chance, and what users' callbacks promise.

import { randomBytes } from 'node:crypto'
import { pending } from './steps.js'

export type Done = (error: unknown, value?: unknown) => void
/** Ends a wait early; only waits have one. */
export type Wake = () => void

/** What can be done at once, told at once. */
export function tell(work: () => unknown, done: Done): undefined {
  let value: unknown
  try {
    value = work()
  } catch (error) {
    done(error)
    return
  }
  done(null, value)
}

/** A longer one would go off at once. */
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

/** What a user's callback answered; whoever waits for its promise may stop waiting, and then nobody hears of it. */
export function settle(answer: unknown, ms: number | undefined, done: Done): Wake | undefined {
  if (!isThenable(answer)) return done(null, answer) as undefined
  let over = false
  const end: Done = (error, value) => {
    clearTimeout(timer)
    if (!over) done(error, value)
    over = true
  }
  // What it waits for keeps the process alive, if anything does.
  const timer = ms === undefined ? undefined : setTimeout(end, Math.min(ms, longestTimerMs), null, pending).unref()
  answer.then(
    value => end(null, value),
    error => end(error ?? new Error('The callback rejected without a reason')),
  )
  return () => end(null)
}

export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | null)?.then === 'function'

/** A promise of which nobody hears, because the call is stopped before it is waited for, shall not end the process. */
export function unheard<T>(answer: T): T {
  if (isThenable(answer)) answer.then(undefined, () => {})
  return answer
}

// Drawn in advance, because drawing costs more than a system call.
let pool = Buffer.alloc(0)
export function random(bytes: number): Buffer {
  if (pool.length < bytes) pool = randomBytes(Math.max(bytes, 4096))
  const drawn = pool.subarray(0, bytes)
  pool = pool.subarray(bytes)
  return drawn
}
