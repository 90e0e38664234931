// The two drivers. Both perform what an algorithm yields and answer it; one waits on the spot, one on the event loop.
// State that outlives a call belongs here, in what drives, never in the steps.

import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel'
import { opsThat } from './alphabet.js'
import { patienceOf, type Watch } from './deadline.js'
import { perform, performSync } from './disk.js'
import { inTurn } from './queue.js'
import type { Call, Steps } from './steps.js'

/** Call as `f()` for a promise, `f.sync()` for a value, `yield* f.steps()` inside another algorithm. */
export interface Dual<A extends unknown[], T> {
  (...args: A): Promise<T>
  /** The same, at once: it blocks the thread. */
  sync(...args: A): T
  /** The same, as steps of a larger algorithm; `signal` and `timeout` are those of the outermost call. */
  steps(...args: A): Steps<T>
}

/**
 * Makes a function of an algorithm. The first parameter with a default is taken for its options: `signal` and `timeout`
 * are obeyed between any two calls. Promises take turns whose first arguments
 * are the same thing, as `turns` spells it, each until it is answered, or as long as `until` says. Diagnostics channels carry the generator's name: `tracing:holdfast.<name>:start` ...
 */
export function dual<A extends unknown[], T>(
  algorithm: (...args: A) => Steps<T>,
  turns?: (thing: A[0]) => readonly string[],
  until?: (answer: T) => unknown,
): Dual<A, T> {
  const optionsAt = algorithm.length
  // Made by the first call, because nothing happens at import.
  let channel: TracingChannel | undefined
  const listened = (args: A) => {
    channel ??= tracingChannel(`holdfast.${algorithm.name}`)
    // Node 20.19 has no `hasSubscribers` on the group, only on each of its channels.
    const { start, end, asyncStart, asyncEnd, error } = channel
    if (![start, end, asyncStart, asyncEnd, error].some(one => one.hasSubscribers)) return undefined
    return { channel, context: traced(algorithm.name, args[0]) }
  }
  const promised = (...args: A) =>
    turns
      ? inTurn(turns(args[0]), before => driven(algorithm, args, args[optionsAt], before), until)
      : driven(algorithm, args, args[optionsAt])
  const atOnce = (...args: A) => drivenSync(algorithm(...args), patienceOf(args[optionsAt]))

  async function run(...args: A): Promise<T> {
    const heard = listened(args)
    try {
      return await (heard ? heard.channel.tracePromise(() => promised(...args), heard.context) : promised(...args))
    } catch (error) {
      throw located(error)
    }
  }
  function sync(...args: A): T {
    const heard = listened(args)
    return heard ? heard.channel.traceSync(() => atOnce(...args), heard.context) : atOnce(...args)
  }
  Object.defineProperty(run, 'name', { value: algorithm.name })
  return Object.assign(run, { sync, steps: algorithm })
}

/** What the tracing channels carry; Node adds `result`, or `error`. */
const traced = (name: string, path: unknown) => ({
  function: name,
  path,
  error: undefined as NodeJS.ErrnoException | undefined,
  get errno(): number | undefined {
    return this.error?.errno
  },
})

function driven<A extends unknown[], T>(
  algorithm: (...args: A) => Steps<T>,
  args: A,
  options: unknown,
  before?: Promise<unknown>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const patience = patienceOf(options)
    const steps = algorithm(...args)
    // Most calls tell their answer later; those that tell it at once must not deepen the stack.
    let answered: { error: unknown; value: unknown } | undefined = { error: null, value: undefined }
    let running = false
    // Input is refused at once; the first call waits for its turn.
    let turn = before
    const resume = (error: unknown, value?: unknown) => {
      answered = { error, value }
      if (!running) run()
    }
    const make = (call: Call) => {
      const interruption = patience?.interruption(call)
      if (interruption) resume(interruption)
      else if (patience && waits(call)) patience.wait(call, resume)
      else perform(call, resume)
    }
    const makeInTurn = (call: Call, settled: Promise<unknown>) => {
      const wait = { op: 'settle', args: [settled] } as const
      const ready = (error: unknown) => (isFailure(error) ? resume(error) : make(call))
      if (patience) patience.wait(wait, ready)
      else perform(wait, ready)
    }
    const run = () => {
      running = true
      try {
        while (answered) {
          const { error, value } = answered
          answered = undefined
          const next = isFailure(error) ? steps.throw(error) : steps.next(value)
          if (next.done) return resolve(next.value)
          if (isFailure(error)) patience?.note(error)
          if (turn) makeInTurn(next.value, turn)
          else make(next.value)
          turn = undefined
        }
      } catch (error) {
        reject(error)
      }
      running = false
    }
    run()
  })
}

function drivenSync<T>(steps: Steps<T>, patience: Watch | undefined): T {
  let next = steps.next()
  while (!next.done) {
    let value: unknown
    try {
      const interruption = patience?.interruption(next.value)
      if (interruption) throw interruption
      value = patience && waits(next.value) ? patience.waitSync(next.value) : performSync(next.value)
    } catch (error) {
      patience?.note(error)
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

/** The callback API makes errors without a stack: this one ends at the caller. The object stays the same. */
function located(error: unknown): unknown {
  if (error instanceof Error && !error.stack?.includes('\n    at ')) Error.captureStackTrace(error, located)
  return error
}
