// The notation. An algorithm is a generator of filesystem calls: it describes each call and yields it, and a driver
// performs the call. One text therefore runs as sync code, as a promise (./dual.ts), and under the explorer
// (../testing), which decides between any two calls which process goes next, or dies.

import type { Alphabet, Call, Op, Outcome, Pending } from './alphabet.js'
import type { Path } from './names.js'
import type { Stats } from './stats.js'
import { allOps } from './traits.js'

export { type Alphabet, type Call, type Op, type Outcome, type Pending, pending } from './alphabet.js'
export type { Entry, OpenFlags, Path } from './names.js'

/** A running algorithm: it yields calls, is resumed with their results, and returns a `T`. */
// biome-ignore lint/suspicious/noExplicitAny: what a yield evaluates to depends on the call: `fs` below has the types
export type Steps<T> = Generator<Call, T, any>

/** Returns the value, or throws the error. */
export function unwrap<T>(outcome: Outcome<T>): T {
  if ('error' in outcome) throw outcome.error
  return outcome.value
}

type Calls = {
  [O in Exclude<Op, 'settle' | 'stat' | 'lstat' | 'together'>]: (
    ...args: Parameters<Alphabet[O]>
  ) => Steps<ReturnType<Alphabet[O]>>
}

interface StatCall {
  (path: Path): Steps<Stats>
  /** Returns undefined if nothing has that name (ENOENT, ENOTDIR). */
  (path: Path, options: { readonly throwIfNoEntry: false }): Steps<Stats | undefined>
}

export interface Fs extends Calls {
  readonly stat: StatCall
  readonly lstat: StatCall
  settle<T>(returned: T | PromiseLike<T>): Steps<Awaited<T>>
  settle<T>(returned: T | PromiseLike<T>, ms: number): Steps<Awaited<T> | Pending>
}

/** The calls, for use with `yield*`: `const fd = yield* fs.open(path, 'wx')`. */
export const fs: Fs = describe(allOps.filter(op => op !== 'together'))

function describe(ops: readonly Op[]): Fs {
  return Object.fromEntries(ops.map(op => [op, (...args: unknown[]) => new CallSteps(op, args)])) as unknown as Fs
}

/**
 * A call that is also the steps which make just this call: they yield it and return its result. A generator would do
 * the same, but it would cost as much again as the cheapest calls, and each call of an algorithm needs one.
 */
class CallSteps implements Call, Iterator<Call, unknown> {
  #yielded = false

  constructor(
    readonly op: Op,
    readonly args: readonly unknown[],
  ) {}

  next(result?: unknown): IteratorResult<Call, unknown> {
    if (this.#yielded) return { value: result, done: true }
    this.#yielded = true
    return { value: this, done: false }
  }

  return(value?: unknown): IteratorResult<Call, unknown> {
    return { value, done: true }
  }

  throw(error: unknown): never {
    throw error
  }

  [Symbol.iterator](): this {
    return this
  }
}

/** Steps that make no call. */
export const noSteps: Steps<void> = {
  next: () => ({ value: undefined, done: true }),
  return: () => ({ value: undefined, done: true }),
  throw(error: unknown): never {
    throw error
  },
  [Symbol.iterator]: () => noSteps,
} as unknown as Steps<void>

/** Option of `stat` and `lstat`: they return undefined for a missing name instead of throwing. */
export const orNothing = { throwIfNoEntry: false } as const

/**
 * Makes several calls at once: `yield* together([fs.unlink(a), fs.unlink(b)])`.
 *
 * @param steps Each a single call of `fs`.
 * @returns How each call has ended, in the same order.
 */
export const together = <T>(steps: readonly Steps<T>[]): Steps<Outcome<T>[]> =>
  atOnce(steps.map(one => one.next().value as Call)) as Steps<Outcome<T>[]>

/** Like `together`, for calls that are already described. */
export const atOnce = (calls: readonly Call[]): Steps<Outcome<unknown>[]> =>
  new CallSteps('together', [calls]) as unknown as Steps<Outcome<unknown>[]>
