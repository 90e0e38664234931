// Turns an algorithm into a function of three forms.

import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel'
import { deadlineOf } from './deadline.js'
import { door } from './disk.js'
import { Drive } from './drive-async.js'
import { runSync } from './drive-sync.js'
import type { Patience } from './input.js'
import { runMeanwhile } from './meanwhile.js'
import { checkOptionNames } from './option-names.js'
import { markRefusal } from './publication.js'
import { Place } from './queue.js'
import { doorFor } from './restricted-door.js'
import type { Outcome, Steps } from './steps.js'

/** A function in three forms: `f()` returns a promise, `f.sync()` a value, `f.steps()` the steps for `yield*`. */
export interface Dual<A extends unknown[], T> {
  (...args: A): Promise<T>
  /** Returns the value itself, and blocks the thread until it is there. */
  sync(...args: A): T
  /** Returns the steps, for use in a larger algorithm. Only the outermost call's `signal` and `timeout` count. */
  steps(...args: A): Steps<T>
}

/** What the promise form does besides running the algorithm. */
export interface DualOptions<A extends unknown[], T> {
  /**
   * Returns the names of the queues that a call joins, from its arguments. Calls that share a queue run one after
   * the other. @default none
   */
  readonly turns?: (thing: A[0], ...rest: unknown[]) => readonly string[]
  /**
   * Returns steps that go on while a call waits for its turn, and end with that, at `turn`; undefined: there is nothing to
   * do meanwhile. If they fail, so does the call. @default nothing
   */
  readonly whileQueued?: (turn: Promise<unknown>, ...args: A) => Steps<unknown> | undefined
  /** Returns, from the result of a call, a promise for the end of its turn. @default it ends with the call */
  readonly until?: (result: T) => PromiseLike<unknown>
  /**
   * Gives back a result that came too late: after the deadline, when the caller had gone on. @default there is nothing to
   * give back
   */
  readonly giveBack?: (result: T) => Steps<unknown>
  /** Waits for the end of the algorithm, even if that takes long after the deadline. @default false */
  readonly patient?: boolean
}

/** Turns an algorithm of this package into a function: like `openDual`, and unknown options are refused. */
export const dual = <A extends unknown[], T>(
  algorithm: (...args: A) => Steps<T>,
  options: DualOptions<A, T> = {},
): Dual<A, T> => makeDual(algorithm, options, checkOptionNames)

/**
 * Turns an algorithm into a function in three forms.
 *
 * The options are the first parameter with a default, so no parameter before them has one. `signal` and `timeout` are
 * obeyed between any two calls, and end the promise form within 100 ms: an algorithm that has not ended by then goes on
 * in the background.
 *
 * Diagnostics channels carry the name of the algorithm: `tracing:holdfast.<name>:start` ...
 *
 * @param algorithm A generator function with a name, which yields calls.
 * @param options Queues that calls join, and what becomes of a result that comes too late.
 * @returns The function: as a promise, as `.sync`, and as `.steps`.
 */
export const openDual = <A extends unknown[], T>(
  algorithm: (...args: A) => Steps<T>,
  options: DualOptions<A, T> = {},
): Dual<A, T> => makeDual(algorithm, options, undefined)

/** `check` throws if it refuses the options of a call. */
type Check = ((given: unknown) => void) | undefined

function makeDual<A extends unknown[], T>(
  algorithm: (...args: A) => Steps<T>,
  options: DualOptions<A, T>,
  check: Check,
): Dual<A, T> {
  const optionsAt = algorithm.length
  // The first call makes it, because nothing may happen at import.
  let channel: TracingChannel | undefined
  const tracingOf = (args: A) => {
    channel ??= tracingChannel(`holdfast.${algorithm.name}`)
    // Node 20.19 has `hasSubscribers` only on each channel, not on the group.
    const { start, end, asyncStart, asyncEnd, error } = channel
    const isHeard =
      start.hasSubscribers ||
      end.hasSubscribers ||
      asyncStart.hasSubscribers ||
      asyncEnd.hasSubscribers ||
      error.hasSubscribers
    return isHeard && { channel, context: contextOf(algorithm.name, args[0]) }
  }
  const checked = (args: A): Patience | undefined => {
    const given = args[optionsAt] as Patience | undefined
    if (check && given !== undefined) check(given)
    return given
  }
  const begin = (args: A) => driveInTurn(algorithm, args, checked, options)
  const runNow = (...args: A) => {
    const given = checked(args)
    return runSync(algorithm(...args), deadlineOf(given), doorFor(given), given?.retryFor)
  }
  const checkedSteps = (...args: A) => {
    try {
      checked(args)
    } catch (error) {
      throw markRefusal(algorithm, error)
    }
    return algorithm(...args)
  }

  async function run(...args: A): Promise<T> {
    const tracing = tracingOf(args)
    try {
      if (!tracing) return await begin(args)
      return await tracing.channel.tracePromise(() => begin(args), tracing.context)
    } catch (error) {
      throw withCallerStack(markRefusal(algorithm, error))
    }
  }
  function sync(...args: A): T {
    const tracing = tracingOf(args)
    try {
      return tracing ? tracing.channel.traceSync(() => runNow(...args), tracing.context) : runNow(...args)
    } catch (error) {
      throw markRefusal(algorithm, error)
    }
  }
  Object.defineProperty(run, 'name', { value: algorithm.name })
  return Object.assign(run, { sync, steps: check ? checkedSteps : algorithm })
}

/** Runs the algorithm as a promise, when it is its turn. */
function driveInTurn<A extends unknown[], T>(
  algorithm: (...args: A) => Steps<T>,
  args: A,
  checked: (args: A) => Patience | undefined,
  { turns, whileQueued, until, giveBack, patient }: DualOptions<A, T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const given = checked(args)
    const deadline = deadlineOf(given)
    const steps = algorithm(...args)
    const place = turns && new Place(turns(args[0], ...args.slice(1)))
    const queued = place?.before
    const meanwhile = queued && whileQueued && runMeanwhile(queued, turn => whileQueued(turn, ...args))
    const leave = () => place?.leave()
    const ended = (outcome: Outcome<T>, left: boolean) => {
      meanwhile?.end()
      if ('error' in outcome) leave()
      else if (left && giveBack) new Drive({ ...inBackground, steps: giveBack(outcome.value), ended: leave }).start()
      else if (until) until(outcome.value).then(leave, leave)
      else leave()
    }
    const retryFor = given?.retryFor
    const door = doorFor(given)
    const before = meanwhile?.turn ?? queued
    new Drive({ steps, deadline, door, retryFor, before, patient, resolve, reject, ended }).start()
  })
}

const inBackground = { deadline: undefined, door, resolve: () => {}, reject: () => {} }

/** The message of the tracing channels. Node adds `result` or `error`. */
const contextOf = (name: string, path: unknown) => ({
  function: name,
  path,
  error: undefined as NodeJS.ErrnoException | undefined,
  get errno(): number | undefined {
    return this.error?.errno
  },
})

/** Errors of the callback API have no stack. Adds one that ends at the caller, and returns the same object. */
function withCallerStack(error: unknown): unknown {
  if (error instanceof Error && !error.stack?.includes('\n    at ')) Error.captureStackTrace(error, withCallerStack)
  return error
}
