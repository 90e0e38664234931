// The two drivers. Each performs the calls that an algorithm yields, and resumes it with their results: one blocks the
// thread, the other waits on the event loop. State that outlives a call belongs here, never in the steps.

import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel'
import { opsThat } from './alphabet.js'
import { type Deadline, deadlineOf } from './deadline.js'
import { perform, performSync } from './disk.js'
import { inTurn } from './queue.js'
import type { Call, Steps } from './steps.js'

/** A function in three forms: `f()` returns a promise, `f.sync()` a value, `f.steps()` the steps for `yield*`. */
export interface Dual<A extends unknown[], T> {
  (...args: A): Promise<T>
  /** Returns the value itself, and blocks the thread until it is there. */
  sync(...args: A): T
  /** Returns the steps, for use in a larger algorithm. Only the outermost call's `signal` and `timeout` count. */
  steps(...args: A): Steps<T>
}

/**
 * Turns an algorithm into a function in three forms.
 *
 * The first parameter with a default is the options: `signal` and `timeout` are obeyed between any two calls.
 *
 * Diagnostics channels carry the name of the algorithm: `tracing:holdfast.<name>:start` ...
 *
 * @param turns Returns the names of the queues that a call joins, from its first argument. In the promise form, calls
 *   that share a queue run one after the other. @default none
 * @param until Returns, from the result of a call, a promise for the end of its turn. @default it ends
 *   with the call
 */
export function dual<A extends unknown[], T>(
  algorithm: (...args: A) => Steps<T>,
  turns?: (thing: A[0]) => readonly string[],
  until?: (result: T) => unknown,
): Dual<A, T> {
  const optionsAt = algorithm.length
  // The first call makes it, because nothing may happen at import.
  let channel: TracingChannel | undefined
  const tracingOf = (args: A) => {
    channel ??= tracingChannel(`holdfast.${algorithm.name}`)
    // Node 20.19 has `hasSubscribers` only on each channel, not on the group.
    const { start, end, asyncStart, asyncEnd, error } = channel
    if (![start, end, asyncStart, asyncEnd, error].some(one => one.hasSubscribers)) return undefined
    return { channel, context: contextOf(algorithm.name, args[0]) }
  }
  const drive = (args: A, before?: Promise<unknown>) =>
    new Promise<T>((resolve, reject) => {
      const deadline = deadlineOf(args[optionsAt])
      new Drive(algorithm(...args), deadline, before, resolve, reject).run()
    })
  const driveInTurn = (...args: A) =>
    turns ? inTurn(turns(args[0]), before => drive(args, before), until) : drive(args)
  const driveNow = (...args: A) => {
    const deadline = deadlineOf(args[optionsAt])
    return driveSync(algorithm(...args), deadline)
  }

  async function run(...args: A): Promise<T> {
    const tracing = tracingOf(args)
    try {
      if (!tracing) return await driveInTurn(...args)
      return await tracing.channel.tracePromise(() => driveInTurn(...args), tracing.context)
    } catch (error) {
      throw withCallerStack(error)
    }
  }
  function sync(...args: A): T {
    const tracing = tracingOf(args)
    return tracing ? tracing.channel.traceSync(() => driveNow(...args), tracing.context) : driveNow(...args)
  }
  Object.defineProperty(run, 'name', { value: algorithm.name })
  return Object.assign(run, { sync, steps: algorithm })
}

/** The message of the tracing channels. Node adds `result` or `error`. */
const contextOf = (name: string, path: unknown) => ({
  function: name,
  path,
  error: undefined as NodeJS.ErrnoException | undefined,
  get errno(): number | undefined {
    return this.error?.errno
  },
})

/** One call of the promise form. */
class Drive<T> {
  /** What the algorithm is resumed with next. Undefined while a call is under way. */
  #result: { readonly error: unknown; readonly value: unknown } | undefined = { error: null, value: undefined }
  #running = false

  constructor(
    readonly steps: Steps<T>,
    readonly deadline: Deadline | undefined,
    /**
     * The first call waits for it. Algorithms check their input before that, so bad input is refused without a wait.
     */
    private before: Promise<unknown> | undefined,
    readonly resolve: (value: T) => void,
    readonly reject: (error: unknown) => void,
  ) {}

  run(): void {
    this.#running = true
    try {
      while (this.#result) {
        const { error, value } = this.#result
        this.#result = undefined
        const next = isFailure(error) ? this.steps.throw(error) : this.steps.next(value)
        if (next.done) {
          this.resolve(next.value)
          return
        }
        if (isFailure(error)) this.deadline?.noteError(error)
        this.#make(next.value)
      }
    } catch (error) {
      this.reject(error)
    }
    this.#running = false
  }

  #make(call: Call): void {
    const { before } = this
    if (before) {
      this.before = undefined
      const turn = { op: 'settle', args: [before] } as const
      const ready = (error: unknown) => (isFailure(error) ? this.#resume(error) : this.#make(call))
      if (this.deadline) this.deadline.wait(turn, ready)
      else perform(turn, ready)
      return
    }
    const interruption = this.deadline?.interruption(call)
    if (interruption) this.#resume(interruption)
    else if (this.deadline && waits(call)) this.deadline.wait(call, this.#resume)
    else perform(call, this.#resume)
  }

  /** A call that ends inline is resumed by the loop in `run`, so that it does not deepen the stack. */
  readonly #resume = (error: unknown, value?: unknown): void => {
    this.#result = { error, value }
    if (!this.#running) this.run()
  }
}

function driveSync<T>(steps: Steps<T>, deadline: Deadline | undefined): T {
  let next = steps.next()
  while (!next.done) {
    let value: unknown
    try {
      const interruption = deadline?.interruption(next.value)
      if (interruption) throw interruption
      value = deadline && waits(next.value) ? deadline.waitSync(next.value) : performSync(next.value)
    } catch (error) {
      deadline?.noteError(error)
      next = steps.throw(error)
      continue
    }
    next = steps.next(value)
  }
  return next.value
}

const isFailure = (error: unknown): boolean => error !== null && error !== undefined
const waiting = opsThat('waits')
const waits = ({ op }: Call): boolean => waiting.has(op)

/** Errors of the callback API have no stack. Adds one that ends at the caller, and returns the same object. */
function withCallerStack(error: unknown): unknown {
  if (error instanceof Error && !error.stack?.includes('\n    at ')) Error.captureStackTrace(error, withCallerStack)
  return error
}
