// Who may stop a call, and when: its signal and its clock, obeyed between any two of its steps.

import { opsThat } from './alphabet.js'
import { perform, performSync } from './disk.js'
import { checkPatience, type Patience } from './input.js'
import type { Call } from './steps.js'
import { type Done, longestTimerMs, unheard, type Wake } from './wait.js'

const givingBack = opsThat('givesBack')
export const givesBack = ({ op, args }: Call): boolean =>
  op === 'together' ? (args[0] as Call[]).every(givesBack) : givingBack.has(op)

/** Only calls that can be interrupted are watched: without `signal` and `timeout` there is nothing to pay. */
export function patienceOf(options: unknown): Watch | undefined {
  if (options === undefined) return undefined
  checkPatience(options)
  const { signal, timeout } = options
  return signal || (timeout ?? Number.POSITIVE_INFINITY) < Number.POSITIVE_INFINITY ? new Watch(options) : undefined
}

/** Watches the signal and the clock of one call. It interrupts once: what the algorithm does then, it does in peace. */
export class Watch {
  readonly #signal: AbortSignal | undefined
  readonly #deadline: number
  readonly #timeout: number
  #spent = false
  #lastError: unknown

  constructor({ signal, timeout = Number.POSITIVE_INFINITY }: Patience) {
    this.#signal = signal
    this.#timeout = timeout
    this.#deadline = performance.now() + timeout
  }

  /** Remembers what went wrong last, for the time-out to name. */
  note(error: unknown): void {
    this.#lastError = error
  }

  interruption(call: Call): Error | undefined {
    if (this.#spent || givesBack(call)) return undefined
    const late = performance.now() >= this.#deadline
    if (!late && !this.#signal?.aborted) return undefined
    this.#spent = true
    // What would have been waited for goes on, and nobody hears of it.
    if (call.op === 'settle') unheard(call.args[0])
    if (this.#signal?.aborted) return named('AbortError', 'ABORT_ERR', 'The operation was aborted', this.#signal.reason)
    return named('TimeoutError', 'ERR_TIMEOUT', `Not done within ${this.#timeout} ms`, this.#lastError)
  }

  waitSync(call: Call): unknown {
    const value = performSync(this.#shortened(call))
    const interruption = this.interruption(call)
    if (interruption) throw interruption
    return value
  }

  #left(): number {
    return this.#spent ? Number.POSITIVE_INFINITY : Math.max(0, this.#deadline - performance.now())
  }

  /** A wait that does not outlast the deadline. */
  #shortened(call: Call): Call {
    if (call.op === 'settle') return call
    const ms = call.args.at(-1) as number
    // A timer may be early by a fraction of a millisecond, and then it would not be the end yet.
    return { op: call.op, args: [...call.args.slice(0, -1), Math.min(ms, Math.ceil(this.#left()) + 1)] }
  }

  /** Waits, and no longer than the signal and the clock allow. */
  wait(call: Call, done: Done): void {
    const signal = this.#spent ? undefined : this.#signal
    let wake: Wake | undefined
    let timer: NodeJS.Timeout | undefined
    const stop = () => wake?.()
    wake = perform(this.#shortened(call), (error, value) => {
      signal?.removeEventListener('abort', stop)
      clearTimeout(timer)
      // Woken before its time, it has not waited.
      done(this.interruption(call) ?? error, value)
    })
    // What was answered at once is over.
    if (!wake) return
    signal?.addEventListener('abort', stop, { once: true })
    const left = this.#left()
    if (call.op === 'settle' && left < longestTimerMs) timer = setTimeout(stop, Math.ceil(left) + 1)
  }
}

/** As Node makes it. */
export const abortError = (reason: unknown): Error =>
  named('AbortError', 'ABORT_ERR', 'The operation was aborted', reason)

const interruptions = new WeakSet<object>()

/** It stopped the call as a whole, and did not come out of any one step. */
export const isInterruption = (error: unknown): boolean => interruptions.has(error as object)

/** It was the time-out that did. */
export const isTimeout = (error: unknown): boolean =>
  isInterruption(error) && (error as NodeJS.ErrnoException).code === 'ERR_TIMEOUT'

function named(name: string, code: string, message: string, cause: unknown): Error {
  const error = cause === undefined ? new Error(message) : new Error(message, { cause })
  interruptions.add(error)
  return Object.assign(Object.defineProperty(error, 'name', { value: name, configurable: true }), { code })
}
