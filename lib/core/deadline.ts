// Who may stop a call, and when: its signal and its clock, obeyed between any two of its steps.

import { opsThat } from './alphabet.js'
import { perform, performSync } from './disk.js'
import { checkPatience, type Patience } from './input.js'
import { abortError, timeoutError } from './interruption.js'
import type { Call } from './steps.js'
import { type Done, longestTimerMs, unheard, type Wake } from './wait.js'

const givingBack = opsThat('givesBack')
export const givesBack = ({ op, args }: Call): boolean =>
  op === 'together' ? (args[0] as Call[]).every(givesBack) : givingBack.has(op)

/** Only calls that can be interrupted are watched: without `signal` and `timeout` there is nothing to pay. */
export function deadlineOf(options: unknown): Deadline | undefined {
  if (options === undefined) return undefined
  checkPatience(options)
  const { signal, timeout } = options
  return signal || (timeout ?? Number.POSITIVE_INFINITY) < Number.POSITIVE_INFINITY ? new Deadline(options) : undefined
}

/** Watches the signal and the clock of one call. It interrupts once: what the algorithm does then, it does in peace. */
export class Deadline {
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
  noteError(error: unknown): void {
    this.#lastError = error
  }

  interruption(call: Call): Error | undefined {
    if (this.#spent || givesBack(call)) return undefined
    const late = performance.now() >= this.#deadline
    if (!late && !this.#signal?.aborted) return undefined
    this.#spent = true
    // What would have been waited for goes on, and nobody hears of it.
    if (call.op === 'settle') unheard(call.args[0])
    if (this.#signal?.aborted) return abortError(this.#signal.reason)
    return timeoutError(this.#timeout, this.#lastError)
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
