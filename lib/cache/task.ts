// A call of `load` or `check` that is under way: its time, and its signal.

import type { Outcome } from '../core/steps.js'
import { isThenable, longestTimerMs } from '../core/wait.js'
import type { CacheTask } from './options.js'
import type { Rest } from './rest.js'

export class Task implements CacheTask {
  #controller: AbortController | undefined
  #stopped: { readonly reason: unknown } | undefined
  #timer: NodeJS.Timeout | undefined

  /** Made when it is asked for, because it costs more than most checks. */
  get signal(): AbortSignal {
    if (this.#controller) return this.#controller.signal
    this.#controller = new AbortController()
    if (this.#stopped) this.#controller.abort(this.#stopped.reason)
    return this.#controller.signal
  }

  /**
   * Calls `ended` once, when what a function has returned has come to its end: now, if that is no promise. Before that, calls
   * `late` after so many milliseconds.
   */
  follow(begun: Outcome<unknown>, rest: Rest, { ms, late }: Limit, ended: (outcome: Outcome<unknown>) => void): void {
    if (!isUnderWay(begun)) {
      ended(begun)
      return
    }
    rest.begin()
    const end = (outcome: Outcome<unknown>) => {
      this.disarm()
      ended(outcome)
      rest.end()
    }
    if (ms <= longestTimerMs && !this.#stopped) this.#timer = setTimeout(late, ms)
    Promise.resolve(begun.value).then(
      value => end({ value }),
      error => end({ error }),
    )
  }

  /** No caller waits any more, so its time does not matter. */
  disarm(): void {
    clearTimeout(this.#timer)
  }

  stop(reason: unknown): void {
    this.disarm()
    this.#stopped ??= { reason }
    this.#controller?.abort(reason)
  }
}

interface Limit {
  readonly ms: number
  readonly late: () => void
}

/** What a function has returned, or thrown. */
export function outcomeOf(work: () => unknown): Outcome<unknown> {
  try {
    return { value: work() }
  } catch (error) {
    return { error }
  }
}

/** Did it return a promise? */
export const isUnderWay = (begun: Outcome<unknown>): begun is { readonly value: PromiseLike<unknown> } =>
  'value' in begun && isThenable(begun.value)
