// Pauses between two questions to a server. They are jittered, so that callers that collided part.

import { fs, type Steps } from '../../core/steps.js'

const shortestPollMs = 5
const longestPollMs = 100
const longestPauseMs = 500

/** A random part of `ms`. */
export function* partOf(ms: number): Steps<number> {
  const [byte = 0] = yield* fs.random(1)
  return (ms * byte) / 256
}

/**
 * Waits until another look is worth while, but at most `ms`: what a store does whose server does not say what changes.
 */
export function* untilNextLook(ms: number): Steps<void> {
  yield* fs.sleep(Math.min(ms, shortestPollMs + (yield* partOf(longestPollMs - shortestPollMs))))
}

/** The tries of one command, for as long as an engine has patience. */
export class Tries {
  readonly #retryForMs: number
  #sinceMs: number | undefined
  #pauses = 0

  constructor(retryForMs: number) {
    this.#retryForMs = retryForMs
  }

  /** Waits before the next try, each time longer. Throws `failure` if the time is over. */
  *again(failure: unknown): Steps<void> {
    const nowMs = yield* fs.now()
    this.#sinceMs ??= nowMs
    const leftMs = this.#sinceMs + this.#retryForMs - nowMs
    if (leftMs <= 0) throw failure
    const mostMs = Math.min(10 * 2 ** this.#pauses++, longestPauseMs)
    yield* fs.sleep(Math.min(leftMs, mostMs / 2 + (yield* partOf(mostMs / 2))))
  }
}
