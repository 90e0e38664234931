// Changes that others come in the way of: they are tried again, in turn within a thread, and for a limited time.

import type { Patience } from '../core/input.js'
import { isTimeout } from '../core/interruption.js'
import type { LatePlace } from '../core/queue.js'
import { fs, type Steps } from '../core/steps.js'
import { checkOpen } from '../parts/life.js'
import type { Entry, Gone } from './contract.js'
import { find } from './find.js'
import type { Inner } from './inner.js'
import { checkKey } from './keys.js'

/** A call under way that changes, or reads, one key. */
export interface Job<T> {
  readonly inner: Inner<T>
  readonly key: string
  /** Milliseconds for which it goes on while others change the key. */
  readonly retryFor: number
  /**
   * Its place among the calls of its thread for the key, once it has met a conflict: otherwise a thousand calls at once
   * would make half a million attempts. Only the promise form has one.
   */
  readonly place?: LatePlace | undefined
}

export function jobOf<T>(inner: Inner<T>, key: string, { retryFor = 10_000 }: Patience, place?: LatePlace): Job<T> {
  checkOpen(inner.life)
  checkKey(key)
  return { inner, key, retryFor, place }
}

/**
 * Tries until it is done, and again whenever the state has moved on under the attempt. `first`: what has come of a first
 * attempt.
 */
export function* untilDone<T, R>(job: Job<T>, attempt: () => Steps<R | 'moved'>, first?: 'moved'): Steps<R> {
  const { inner, key, retryFor } = job
  let sinceMs: number | undefined
  try {
    for (let tries = 1; ; tries++) {
      const result = tries === 1 && first ? first : yield* attempt()
      if (result !== 'moved') return result
      inner.note('conflict', key)
      const nowMs = yield* fs.now()
      sinceMs ??= nowMs
      const leftMs = sinceMs + retryFor - nowMs
      if (leftMs <= 0) throw yield* conflict(job, undefined)
      yield* waitForTurn(job, tries, leftMs)
    }
  } catch (error) {
    if (sinceMs !== undefined && isTimeout(error)) throw yield* conflict(job, error)
    throw error
  }
}

function* waitForTurn({ inner, key, place }: Job<unknown>, tries: number, leftMs: number): Steps<void> {
  const before = place?.take(inner.identityOf(key))
  if (before) yield* fs.settle(before, leftMs)
  // At once the first time: usually the other call is over. Then ever later, so that callers that collided part.
  else if (tries > 1) yield* fs.sleep(Math.min(leftMs, yield* backoff(tries - 1)))
}

/** Up to 1, 2, 4 ... 64 ms. */
function* backoff(tries: number): Steps<number> {
  const [byte = 0] = yield* fs.random(1)
  return Math.min(2 ** (tries - 1), 64) * ((byte + 1) / 256)
}

function* conflict<T>({ inner, key }: Job<T>, cause: unknown): Steps<Error> {
  const found = yield* find(inner, key)
  const entry: Entry<T> | Gone | undefined = found === 'moved' ? undefined : found.entry
  const message = `Other calls went on changing the entry meanwhile: ${JSON.stringify(key)}`
  const error = new Error(message, cause === undefined ? {} : { cause })
  return Object.assign(error, { code: 'ERR_CONFLICT', key, entry })
}
