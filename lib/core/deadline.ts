// The end of a call from outside: its signal and its timeout, obeyed between any two of its steps.

import { type Call, opsThat } from './alphabet.js'
import { perform, performSync } from './disk.js'
import { checkPatience, type Patience } from './input.js'
import { abortError, timeoutError } from './interruption.js'
import { type Done, ignoreRejection, longestTimerMs, type Wake } from './wait.js'

const givingBack = opsThat('givesBack')

/** Does the call give something back? Such a call is never interrupted. */
export const givesBack = ({ op, args }: Call): boolean =>
  op === 'together' ? (args[0] as Call[]).every(givesBack) : givingBack.has(op)

/** Returns undefined without `signal` and `timeout`, so that a call which cannot be interrupted pays nothing. */
export function deadlineOf(options: unknown): Deadline | undefined {
  if (options === undefined) return undefined
  checkPatience(options)
  const { signal, timeout } = options
  return signal || (timeout ?? Number.POSITIVE_INFINITY) < Number.POSITIVE_INFINITY ? new Deadline(options) : undefined
}

/** The signal and the timeout of one call. It interrupts once, so the clean-up that follows is not cut short. */
export class Deadline {
  readonly #signal: AbortSignal | undefined
  readonly #timeout: number
  readonly #endsAtMs: number
  #hasInterrupted = false
  #lastError: unknown

  constructor({ signal, timeout = Number.POSITIVE_INFINITY }: Patience) {
    this.#signal = signal
    this.#timeout = timeout
    this.#endsAtMs = performance.now() + timeout
  }

  /** Keeps the error that the algorithm met last: it becomes the `cause` of a time-out. */
  noteError(error: unknown): void {
    this.#lastError = error
  }

  /** Returns the error to throw instead of making `call`, if the call as a whole must end now. */
  interruption(call: Call): Error | undefined {
    if (this.#hasInterrupted || givesBack(call)) return undefined
    const isLate = performance.now() >= this.#endsAtMs
    if (!isLate && !this.#signal?.aborted) return undefined
    this.#hasInterrupted = true
    // A promise that would have been waited for goes on, and its rejection must not end the process.
    if (call.op === 'settle') ignoreRejection(call.args[0])
    if (this.#signal?.aborted) return abortError(this.#signal.reason)
    return timeoutError(this.#timeout, this.#lastError)
  }

  waitSync(call: Call): unknown {
    const value = performSync(this.#shorten(call))
    const interruption = this.interruption(call)
    if (interruption) throw interruption
    return value
  }

  /** Performs a call that waits, for no longer than the signal and the timeout allow. */
  wait(call: Call, done: Done): void {
    const signal = this.#hasInterrupted ? undefined : this.#signal
    let wake: Wake | undefined
    let timer: NodeJS.Timeout | undefined
    const stop = () => wake?.()
    wake = perform(this.#shorten(call), (error, value) => {
      signal?.removeEventListener('abort', stop)
      clearTimeout(timer)
      // A wait that was woken early has no result: the interruption comes instead.
      done(this.interruption(call) ?? error, value)
    })
    // The call ended inline, so there is nothing to wake.
    if (!wake) return
    signal?.addEventListener('abort', stop, { once: true })
    const leftMs = this.#leftMs()
    if (call.op === 'settle' && leftMs < longestTimerMs) timer = setTimeout(stop, Math.ceil(leftMs) + 1)
  }

  #leftMs(): number {
    return this.#hasInterrupted ? Number.POSITIVE_INFINITY : Math.max(0, this.#endsAtMs - performance.now())
  }

  /** Returns the same wait, cut so that it ends with the deadline. For a promise, `wait` sets a timer instead. */
  #shorten(call: Call): Call {
    if (call.op === 'settle') return call
    const ms = call.args.at(-1) as number
    // Timers may fire a fraction of a millisecond early. One more makes sure that the deadline has passed.
    return { op: call.op, args: [...call.args.slice(0, -1), Math.min(ms, Math.ceil(this.#leftMs()) + 1)] }
  }
}
