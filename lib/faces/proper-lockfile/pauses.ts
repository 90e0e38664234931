// The pauses between two attempts, as the package `retry` makes them of its options.

import { refusal } from '../../core/input.js'
import { longestTimerMs } from '../../core/wait.js'

/** How often, and after which pauses, `lock` tries again: the options of `retry.operation`. */
export interface RetryOptions {
  /** @default 10 */
  readonly retries?: number | undefined
  /** By what each pause is longer than the one before. @default 2 */
  readonly factor?: number | undefined
  /** The first pause, in milliseconds. @default 1000 */
  readonly minTimeout?: number | undefined
  /** The longest pause, in milliseconds. @default Infinity */
  readonly maxTimeout?: number | undefined
  /** Makes each pause longer by a random factor between 1 and 2. @default false */
  readonly randomize?: boolean | undefined
  /** Begins with the pauses anew when all are over. @default false */
  readonly forever?: boolean | undefined
  /** The pauses keep no process alive. @default false */
  readonly unref?: boolean | undefined
  /** After so many milliseconds, an attempt that fails is the last. @default Infinity */
  readonly maxRetryTime?: number | undefined
}

/** A number of retries, the options of `retry`, or the pauses themselves in milliseconds. */
export type Retries = number | RetryOptions | readonly number[]

export interface Pauses {
  /** In milliseconds. */
  readonly each: readonly number[]
  readonly forever: boolean
  readonly unref: boolean
  readonly mostMs: number
}

export function pausesOf(retries: unknown): Pauses {
  if (!retries) return none
  const given = typeof retries === 'number' ? { retries } : (retries as RetryOptions)
  const { unref = false, maxRetryTime } = given
  const forever = given.forever === true || given.retries === Number.POSITIVE_INFINITY
  return { each: eachOf(given), forever, unref, mostMs: maxRetryTime || Number.POSITIVE_INFINITY }
}

const none: Pauses = { each: [], forever: false, unref: false, mostMs: Number.POSITIVE_INFINITY }

/** Long before the last of them, a pause is as long as it can be. */
const mostPauses = 1000

function eachOf(given: RetryOptions): readonly number[] {
  if (Array.isArray(given)) return [...given]
  const { retries = 10, factor = 2, minTimeout = 1000, maxTimeout = longestTimerMs } = given
  const { randomize, forever } = given
  if (minTimeout > maxTimeout)
    throw refusal('ERR_OUT_OF_RANGE', 'options.retries.minTimeout', `at most maxTimeout, ${maxTimeout}`, minTimeout)
  const pauses: number[] = []
  for (let nth = 0; nth < Math.min(retries, mostPauses) || (forever && nth === 0); nth++) {
    const random = randomize ? Math.random() + 1 : 1
    pauses.push(Math.min(Math.round(random * minTimeout * factor ** nth), maxTimeout, longestTimerMs))
  }
  return pauses.sort((one, other) => one - other)
}

/** The pause before the next attempt, after so many that have failed; undefined if there is none. */
export function pauseAfter(attempts: number, { each, forever }: Pauses): number | undefined {
  return each[forever ? (attempts - 1) % each.length : attempts - 1]
}
