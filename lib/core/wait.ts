// What does not come from the disk: time that passes, random bytes, and what users' callbacks return.

import { randomBytes } from 'node:crypto'
import { pending } from './alphabet.js'
import type { Done, Wake } from './done.js'
import { clearTimeout, setTimeout } from './timers.js'

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

/**
 * Waits for what a user's callback returned, if that is a promise, for at most `ms`. A wait that is ended early has no
 * result.
 */
export function settle(returned: unknown, ms: number | undefined, done: Done): Wake | undefined {
  if (!isThenable(returned)) return done(null, returned) as undefined
  const settlement = settlementOf(returned)
  let over = false
  const end: Done = (error, value) => {
    if (over) return
    over = true
    clearTimeout(timer)
    settlement.waits.delete(end)
    done(error, value)
  }
  // What the promise waits for keeps the process alive, if anything must.
  const timer = ms === undefined ? undefined : setTimeout(end, Math.min(ms, longestTimerMs), null, pending).unref()
  if (settlement.outcome) end(...settlement.outcome)
  else settlement.waits.add(end)
  return () => end(null)
}

/** What a promise has come to, and the waits for it. */
interface Settlement {
  outcome: readonly [error: unknown, value?: unknown] | undefined
  readonly waits: Set<Done>
}

/**
 * Each promise gets one pair of reactions, however often it is waited for: they cannot be taken back, so a wait that is
 * repeated, as heartbeats do it, would add to them without end.
 */
const settlements = new WeakMap<object, Settlement>()

function settlementOf(returned: PromiseLike<unknown>): Settlement {
  const known = settlements.get(returned)
  if (known) return known
  const settlement: Settlement = { outcome: undefined, waits: new Set() }
  settlements.set(returned, settlement)
  const end = (...outcome: readonly [error: unknown, value?: unknown]) => {
    settlement.outcome = outcome
    for (const wait of [...settlement.waits]) wait(...outcome)
  }
  // It may be no real promise: then this makes one of it, so that its `then` is called only once, and cannot misbehave.
  Promise.resolve(returned).then(
    value => end(null, value),
    error => end(error ?? new Error('The callback rejected without a reason')),
  )
  return settlement
}

export function settleSync(returned: unknown): unknown {
  if (!isThenable(returned)) return returned
  ignoreRejection(returned)
  const message = 'The callback returned a promise, which the sync form cannot wait for'
  throw Object.assign(new TypeError(message), { code: 'ERR_INVALID_RETURN_VALUE' })
}

export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | null)?.then === 'function'

/** Returns `value`. If that is a promise, its rejection does not end the process, though no call waits for it yet. */
export function ignoreRejection<T>(value: T): T {
  if (isThenable(value)) settlementOf(value)
  return value
}

// Drawn in advance, because drawing costs more than a system call.
let randomPool = Buffer.alloc(0)
let drawn = 0
/** How many draws there were since work began whose draws are the same each time; undefined outside of it. */
let counted: number | undefined

export function random(bytes: number): Buffer {
  if (counted !== undefined) return numbered(bytes, ++counted)
  if (randomPool.length < drawn + bytes) {
    randomPool = randomBytes(Math.max(bytes, 4096))
    drawn = 0
  }
  drawn += bytes
  return randomPool.subarray(drawn - bytes, drawn)
}

/**
 * Runs work that draws the same bytes each time, and never the same twice. The explorer lays out a world so, schedule after
 * schedule: what has a random name must have the same name in each.
 */
export function drawingTheSame<T>(work: () => T): T {
  counted = 0
  try {
    return work()
  } finally {
    counted = undefined
  }
}

function numbered(bytes: number, number: number): Buffer {
  const digits = Buffer.alloc(4)
  digits.writeUInt32LE(number)
  return Buffer.concat([digits], bytes)
}
