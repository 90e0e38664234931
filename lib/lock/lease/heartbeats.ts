// The heartbeats of a lease, in the background. They keep neither the process alive nor the lease.

import { monotonicMs } from '../../core/moment.js'
// Tests replace the global timers, or clear them.
import {
  clearImmediate,
  clearInterval,
  clearTimeout,
  setImmediate,
  setInterval,
  setTimeout,
} from '../../core/timers.js'
import { longestTimerMs } from '../../core/wait.js'
import { oldestBeatMs } from '../whole.js'
import type { Beats } from './dropped.js'
import { type Beating, reportSilence } from './loss.js'

/** Milliseconds for a heartbeat that could begin only when it was too late already, because the thread was blocked. */
const lastChanceMs = 1000

/** Those of a lease, by which `beat` makes one. */
export const heartbeatsOf = <H extends Beating>(hold: H, beat: (hold: H) => Promise<void>): Beats => ({
  everyMs: hold.locking.heartbeatMs,
  begin: () => new Heartbeats(hold, beat),
})

/** Calls `beat` again and again until it is stopped. If no heartbeat is made for `stale`, the hold reports that. */
export class Heartbeats<H extends Beating> {
  readonly #hold: H
  readonly #beat: (hold: H) => Promise<void>
  readonly #timer: NodeJS.Timeout | undefined
  #isUnderWay = false
  #doubt: NodeJS.Timeout | undefined
  #look: NodeJS.Immediate | undefined
  /** Why the last one has failed. */
  #cause: unknown

  constructor(hold: H, beat: (hold: H) => Promise<void>) {
    const { heartbeatMs } = hold.locking
    this.#hold = hold
    this.#beat = beat
    if (heartbeatMs <= longestTimerMs) this.#timer = setInterval(() => this.#begin(), heartbeatMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#forgetDoubt()
  }

  #begin(): void {
    if (this.#isUnderWay || this.#isEarly) return
    this.#isUnderWay = true
    // A heartbeat that succeeds late shows that the lock was never lost.
    if (this.#leftMs > 0) this.#check()
    else this.#doubtIn(lastChanceMs)
    // A heartbeat that fails is followed by another. If the lock is lost, the lease's signal reports it.
    this.#beat(this.#hold).then(
      () => this.#ended(undefined),
      error => this.#ended(error),
    )
  }

  #ended(cause: unknown): void {
    this.#isUnderWay = false
    this.#cause = cause
    if (cause === undefined) this.#forgetDoubt()
    else this.#check()
  }

  get #leftMs(): number {
    return oldestBeatMs(this.#hold) + this.#hold.staleMs - monotonicMs()
  }

  /** Another lease of the same hold has made it, and the next one comes in time. */
  get #isEarly(): boolean {
    const { keepsParts, staleMs, locking } = this.#hold
    const sparedMs = Math.min(locking.heartbeatMs, staleMs - locking.heartbeatMs) / 2
    return keepsParts !== undefined && monotonicMs() - oldestBeatMs(this.#hold) < sparedMs
  }

  #check(): void {
    this.#forgetDoubt()
    const ms = this.#leftMs
    if (ms <= 0) reportSilence(this.#hold, this.#cause)
    else if (ms <= longestTimerMs) this.#doubtIn(ms)
  }

  /** A thread that was blocked hears of timers before it hears of a heartbeat that was made meanwhile. */
  #doubtIn(ms: number): void {
    this.#forgetDoubt()
    this.#doubt = setTimeout(() => {
      this.#look = setImmediate(() => this.#check()).unref()
    }, ms).unref()
  }

  #forgetDoubt(): void {
    clearTimeout(this.#doubt)
    clearImmediate(this.#look)
  }
}
