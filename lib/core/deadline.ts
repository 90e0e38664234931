// The end of a call from outside: its signal and its timeout, obeyed between any two of its steps.

import type { Call } from './alphabet.js'
import { checkPatience, type Patience } from './input.js'
import { abortError, isTimeout, timeoutError } from './interruption.js'
import { monotonicMs } from './moment.js'
import { markEnded, markLeft } from './publication.js'
import { onAbort } from './signals.js'
import { clearTimeout, setTimeout } from './timers.js'
import { givesBack } from './traits.js'
import { longestTimerMs } from './wait.js'

/** Returns undefined without `signal` and `timeout`, so that a call which cannot be interrupted pays nothing. */
export function deadlineOf(options: unknown): Deadline | undefined {
  if (options === undefined) return undefined
  checkPatience(options)
  const { signal, timeout } = options
  return signal || (timeout ?? Number.POSITIVE_INFINITY) < Number.POSITIVE_INFINITY ? new Deadline(options) : undefined
}

/** Milliseconds after the deadline, in which the steps may clean up and come to an end of their own. */
export const cleanUpMs = 50

/** Milliseconds for each step of a call that goes on: what opens a name for a moment only has closed it by then. */
const lateMs = 1000

type OfTimeout = (timeout: Error) => unknown

/** The signal and the timeout of one call. It interrupts once, so the clean-up that follows is not cut short. */
export class Deadline {
  readonly #signal: AbortSignal | undefined
  readonly #timeout: number
  readonly #endsAtMs: number
  #disarm: (() => void) | undefined
  #isOver = false
  #hasBegun = false
  #hasInterrupted = false
  /** When the steps must have cleaned up; undefined before they were interrupted, and after they went on. */
  #cleanBeforeMs: number | undefined
  #isLate = false
  #error: Error | undefined
  #lastError: unknown
  /** The caller's own error: it was there first. */
  #failure: unknown
  /** What the algorithm makes of a time-out, for a caller that goes on. */
  #ifLeft: OfTimeout | undefined
  /** The error of a caller that went on. */
  #left: unknown

  constructor({ signal, timeout = Number.POSITIVE_INFINITY }: Patience) {
    this.#signal = signal
    this.#timeout = timeout
    this.#endsAtMs = monotonicMs() + timeout
  }

  /** Keeps the error that the algorithm met last: it becomes the `cause` of a time-out. */
  noteError(error: unknown): void {
    this.#lastError = error
  }

  /** Has the call been interrupted already? */
  get hasInterrupted(): boolean {
    return this.#hasInterrupted
  }

  /** Calls `stop` once, when the call as a whole must end: later, even if that is now. */
  arm(stop: () => void): void {
    const over = () => {
      this.disarm()
      this.#isOver = true
      stop()
    }
    const leftMs = this.#signal?.aborted ? 0 : this.leftMs()
    const timer = leftMs < longestTimerMs ? setTimeout(over, Math.ceil(leftMs)) : undefined
    const ignore = this.#signal && onAbort(this.#signal, over)
    this.#disarm = () => {
      clearTimeout(timer)
      ignore?.()
    }
  }

  disarm(): void {
    this.#disarm?.()
    this.#disarm = undefined
  }

  /** Returns the error to throw instead of making `call`, if the call as a whole must end now. */
  interruption(call: Call): Error | undefined {
    // Before the first call there is nothing to give back: a removal that comes first is the work itself.
    if (call.op === 'postpone') this.#postpone(call.args[0])
    if (call.op === 'goOn') this.#goOn()
    if (call.op === 'ifLeft') this.#ifLeft = call.args[0] as OfTimeout | undefined
    const isFirst = !this.#hasBegun
    this.#hasBegun = true
    if (this.#hasInterrupted || (givesBack(call) && !isFirst)) return undefined
    if (!this.#isOver && !this.#signal?.aborted && monotonicMs() < this.#endsAtMs) return undefined
    this.#hasInterrupted = true
    this.#cleanBeforeMs ??= monotonicMs() + cleanUpMs
    return this.error
  }

  #goOn(): void {
    this.#isLate = true
    this.#cleanBeforeMs = undefined
  }

  /** How long (ms) a step is retried that may be for `ms`, where the caller waits for the end of the steps. */
  retryFor(ms: number | undefined): number | undefined {
    const most = this.#isLate ? lateMs : undefined
    const mostMs = this.#cleanBeforeMs === undefined ? most : Math.max(0, this.#cleanBeforeMs - monotonicMs())
    return mostMs === undefined ? ms : Math.min(ms ?? mostMs, mostMs)
  }

  #postpone(failure: unknown): void {
    this.#hasInterrupted = false
    if (failure !== undefined) this.#failure = failure
  }

  /** The error with which the call as a whole ends: one, however often it is asked for. */
  get error(): Error {
    this.#error ??= this.#signal?.aborted
      ? abortError(this.#signal.reason)
      : timeoutError(this.#timeout, this.#lastError)
    return this.#error
  }

  /** The same, for a caller that goes on while these steps come to their end in the background. */
  errorOf(steps: unknown): unknown {
    const { error } = this
    const left = isTimeout(error) && this.#ifLeft ? this.#ifLeft(error) : error
    this.#left = this.#failure ?? left
    return markLeft(steps, this.#left)
  }

  /** The steps that such a caller left have ended. They may have come to their end without an error. */
  noteEnd(steps: unknown): void {
    markEnded(steps, this.#left)
  }

  /** Milliseconds until the time-out, unless the call has been interrupted already. */
  leftMs(): number {
    return this.#hasInterrupted ? Number.POSITIVE_INFINITY : Math.max(0, this.#endsAtMs - monotonicMs())
  }
}

interface Waiting {
  readonly retryFor?: number | undefined
  readonly deadline: Deadline | undefined
  readonly patient?: boolean | undefined
}

/** The result of the call `retryFor`. Steps that the caller does not wait for may take their time. */
export function mostMs({ args: [ms] }: Call, { retryFor, deadline, patient }: Waiting): number | undefined {
  const wanted = (ms as number | undefined) ?? retryFor
  return patient && deadline ? deadline.retryFor(wanted) : wanted
}
