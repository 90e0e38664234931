// The notation. An algorithm here is a generator of filesystem calls: it describes each call and yields it, and whoever
// drives the generator performs it. One text therefore runs as sync code, as a promise (./drive.ts), and under the
// explorer (../testing), which decides between any two calls which process goes next, or dies.

import { type Alphabet, allOps, type Call, type Op, type Outcome, type Path, type Pending } from './alphabet.js'
import type { Stats } from './stats.js'

export {
  type Alphabet,
  type Call,
  type Entry,
  type Op,
  type OpenFlags,
  type Outcome,
  type Path,
  type Pending,
  pending,
} from './alphabet.js'

/** An algorithm under way: it yields calls, is answered by whoever drives it, and returns a `T`. */
// biome-ignore lint/suspicious/noExplicitAny: what a yield answers depends on the call; `fs` below gives each its type
export type Steps<T> = Generator<Call, T, any>

/** What was answered, or what went wrong. */
export function unwrap<T>(outcome: Outcome<T>): T {
  if ('error' in outcome) throw outcome.error
  return outcome.value
}

type Calls = {
  [O in Exclude<Op, 'settle' | 'stat' | 'lstat' | 'together'>]: (
    ...args: Parameters<Alphabet[O]>
  ) => Steps<ReturnType<Alphabet[O]>>
}

interface Look {
  (path: Path): Steps<Stats>
  /** Answers undefined when nothing has that name (ENOENT, ENOTDIR). */
  (path: Path, options: { readonly throwIfNoEntry: false }): Steps<Stats | undefined>
}

export interface Fs extends Calls {
  readonly stat: Look
  readonly lstat: Look
  settle<T>(answer: T | PromiseLike<T>): Steps<Awaited<T>>
  settle<T>(answer: T | PromiseLike<T>, ms: number): Steps<Awaited<T> | Pending>
}

/** The calls, to be used with `yield*`: `const fd = yield* fs.open(path, 'wx')`. */
export const fs: Fs = describe(allOps.filter(op => op !== 'together'))

function describe(ops: readonly Op[]): Fs {
  return Object.fromEntries(ops.map(op => [op, (...args: unknown[]) => new SingleCall(op, args)])) as unknown as Fs
}

/**
 * A call, and the steps of just that call: they yield it, and return what they are answered. A generator would do the
 * same; it would cost as much again as the cheapest calls, and every algorithm makes these all the time.
 */
class SingleCall implements Call, Iterator<Call, unknown> {
  #yielded = false

  constructor(
    readonly op: Op,
    readonly args: readonly unknown[],
  ) {}

  next(answer?: unknown): IteratorResult<Call, unknown> {
    if (this.#yielded) return { value: answer, done: true }
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

/** For `stat` and `lstat`: a missing name is an answer, not an error. */
export const orNothing = { throwIfNoEntry: false } as const

/** Makes several calls at once: `yield* together([fs.unlink(a), fs.unlink(b)])`. Each of the steps is a single call. */
export const together = <T>(steps: readonly Steps<T>[]): Steps<Outcome<T>[]> =>
  atOnce(steps.map(one => one.next().value as Call)) as Steps<Outcome<T>[]>

/** The same, of calls that are described already. */
export const atOnce = (calls: readonly Call[]): Steps<Outcome<unknown>[]> =>
  new SingleCall('together', [calls]) as unknown as Steps<Outcome<unknown>[]>
