// Who may stop a call, and when: its signal and its clock, obeyed between any two of its steps.

import { perform, performSync } from './disk.js'
import { checkPatience, type Patience } from './input.js'
import type { Call, Op } from './steps.js'

/** What gives back is never interrupted, so that an algorithm stopped anywhere can still tidy up after itself. */
const givingBack: ReadonlySet<Op> = new Set<Op>(['close', 'unlink', 'rmdir'])
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
    if (this.#signal?.aborted) return named('AbortError', 'ABORT_ERR', 'The operation was aborted', this.#signal.reason)
    return named('TimeoutError', 'ERR_TIMEOUT', `Not done within ${this.#timeout} ms`, this.#lastError)
  }

  waitSync(call: Call): void {
    performSync(this.#shortened(call))
    const interruption = this.interruption(call)
    if (interruption) throw interruption
  }

  /** A wait that does not outlast the deadline. */
  #shortened({ op, args }: Call): Call {
    const ms = args.at(-1) as number
    const left = this.#spent ? ms : Math.max(0, this.#deadline - performance.now())
    // A timer may be early by a fraction of a millisecond, and then it would not be the end yet.
    return { op, args: [...args.slice(0, -1), Math.min(ms, Math.ceil(left) + 1)] }
  }

  /** Waits, and no longer than the signal allows. */
  wait(call: Call, done: (error: unknown, value?: unknown) => void): void {
    const signal = this.#spent ? undefined : this.#signal
    let wake: (() => void) | undefined
    const abort = () => wake?.()
    wake = perform(this.#shortened(call), (error, value) => {
      signal?.removeEventListener('abort', abort)
      // Woken before its time, it has not waited.
      done(this.interruption(call) ?? error, value)
    })
    signal?.addEventListener('abort', abort, { once: true })
  }
}

/** As Node makes it. */
export const abortError = (reason: unknown): Error =>
  named('AbortError', 'ABORT_ERR', 'The operation was aborted', reason)

function named(name: string, code: string, message: string, cause: unknown): Error {
  const error = cause === undefined ? new Error(message) : new Error(message, { cause })
  return Object.assign(Object.defineProperty(error, 'name', { value: name, configurable: true }), { code })
}
