// Attempt. If that failed, look at the world: if what was wanted holds, it is success. If waiting can cure the failure,
// try again, within a limit. Otherwise throw the original error, unchanged. No other loop retries a failure.

import { type Channel, channel } from 'node:diagnostics_channel'
import { mapped, rescued } from '../core/around.js'
import {
  type Errno,
  hasCode,
  isFinal,
  isSystemError,
  isTransient,
  markFinal,
  mayBeOpen,
  type SystemError,
} from '../core/errors.js'
import { explainTimeout, isInterruption } from '../core/interruption.js'
import type { Publication } from '../core/publication.js'
import { fs, type Steps } from '../core/steps.js'
import { cleaningUp } from './cleanup.js'
import { isDenied, makeReadOnly, type ReadOnly } from './denied.js'

/**
 * The third result of a look: what is wanted does not hold, but the world has moved since the attempt, so try again.
 */
export const again: unique symbol = Symbol('again')
export type Again = typeof again

export interface Trial {
  /** The function that tries, and at which path: for the diagnostics channels. */
  readonly as: string
  readonly path: string
  /** How long (ms) it goes on trying. @default as long as the caller of the whole has said, or 10_000 */
  readonly retryFor?: number | undefined
  /** What else a concurrent process can cause here, and waiting can cure. */
  readonly also?: readonly Errno[]
  /** What waiting cures elsewhere, and never here. */
  readonly never?: readonly Errno[]
  /** Whether the call has published its name; in calls that publish one. */
  readonly publication?: Publication | undefined
}

/**
 * Makes a postcondition true.
 *
 * `holds` runs after each failed attempt, before the errno is read, because each filesystem reports something else to
 * the loser of a race. It returns the result of the call, or undefined for "no", or `again`. A system error inside
 * `holds` counts as "no", so it never masks the attempt's error. Errors that are not the system's come out at once.
 *
 * @param attempt What is tried.
 * @param holds What is asked when that has failed: is what was wanted true?
 * @param trial For how long it is tried again, and how that is named.
 */
export const achieve = <T extends NonNullable<unknown>>(
  attempt: () => Steps<T>,
  holds: (error: SystemError) => Steps<T | Again | undefined>,
  trial: Trial,
): Steps<T> => rescued(attempt, error => achieveOrRestore(error, attempt, holds, trial))

/** Goes on after a first attempt that failed. What was read-only is so again if all fail. */
function* achieveOrRestore<T extends NonNullable<unknown>>(
  failure: unknown,
  attempt: () => Steps<T>,
  holds: (error: SystemError) => Steps<T | Again | undefined>,
  trial: Trial,
): Steps<T> {
  const met: Met = { failure, cleared: [] }
  try {
    return yield* achieveAfter(met, attempt, holds, trial)
  } catch (error) {
    explainTimeout(error, met.failure)
    if (met.cleared.length > 0) yield* cleaningUp(() => makeReadOnly(met.cleared))
    throw error
  }
}

/** How the last attempt has failed, and what was read-only. */
interface Met {
  failure: unknown
  readonly cleared: ReadOnly[]
}

function* achieveAfter<T extends NonNullable<unknown>>(
  met: Met,
  attempt: () => Steps<T>,
  holds: (error: SystemError) => Steps<T | Again | undefined>,
  { as, path, retryFor, also = [], never = [] }: Trial,
): Steps<T> {
  let sinceMs: number | undefined
  let mostMs: number | undefined
  let looksDenied = false
  for (let tries = 1; ; tries++) {
    const error = met.failure
    if (!isSystemError(error) || isFinal(error)) throw error
    const verdict = yield* unmasked(() => holds(error))
    const { errno, code } = error
    if (verdict !== undefined && verdict !== again) {
      report('holdfast:held', { function: as, path, errno, code, attempt: tries })
      return verdict
    }
    const curable = (isTransient(error) && !hasCode(error, ...never)) || hasCode(error, ...also)
    if (verdict !== again && !curable) throw error
    const isOpen = mayBeOpen(error)
    // What is in the way may have come after the attempt: it must be there before and after one.
    const wasDenied: boolean = looksDenied
    const asks: boolean = isOpen && verdict !== again && (wasDenied || isPowerOfTwo(tries))
    looksDenied = asks && (yield* isDenied(error, met.cleared))
    if (wasDenied && looksDenied) throw markFinal(error)
    const nowMs = yield* fs.now()
    sinceMs ??= nowMs
    mostMs ??= (yield* fs.retryFor(retryFor)) ?? 10_000
    const leftMs = sinceMs + mostMs - nowMs
    if (leftMs <= 0) throw markFinal(error)
    report('holdfast:retry', { function: as, path, errno, code, attempt: tries })
    // Where the world has moved, the next attempt may come in time: a longer wait would only miss more.
    const restMs = verdict === again ? backoff(Math.min(tries, 2)) : isOpen ? whereOpen() : backoff(tries)
    yield* fs.sleep(Math.min(leftMs, yield* restMs))
    try {
      return yield* attempt()
    } catch (another) {
      if (isInterruption(another)) throw another
      met.failure = another
    }
  }
}

/** Makes one call, and returns `value`: an attempt that is no more than that call. */
export const done = <T>(call: Steps<unknown>, value: T): Steps<T> =>
  mapped(
    () => call,
    () => value,
  )

/** A look that finds out nothing, for attempts whose failure nothing in the world can contradict. */
// biome-ignore lint/correctness/useYield: there is nothing to call
export function* noEvidence(): Steps<undefined> {
  return undefined
}

/** A look that failed counts as "no". If it failed for lack of descriptors, or the like, the attempt is repeated. */
const unmasked = <T>(look: () => Steps<T>): Steps<T | Again | undefined> =>
  // biome-ignore lint/correctness/useYield: there is nothing to call
  rescued<T | Again | undefined>(look, function* (error) {
    if (!isSystemError(error)) throw error
    return isTransient(error) ? again : undefined
  })

/** What the failure is about may change while the call waits, so it is looked at again, more and more seldom. */
const isPowerOfTwo = (tries: number): boolean => (tries & (tries - 1)) === 0

/** A name that others open again and again is free for moments only, so the waits stay at 1 to 2 ms. */
function* whereOpen(): Steps<number> {
  const [byte = 0] = yield* fs.random(1)
  return 1 + byte / 256
}

/** 1, 2, 4 ... 100 ms, each up to half as much more or less, so that callers that collided part. */
function* backoff(tries: number): Steps<number> {
  const [byte = 0] = yield* fs.random(1)
  return Math.min(2 ** (tries - 1), 100) * (0.5 + byte / 256)
}

/** Kept, because when Node 20 collects a channel, it forgets the next one of that name, and its subscribers. */
const channels = new Map<string, Channel>()

function report(name: 'holdfast:held' | 'holdfast:retry', message: object): void {
  const one = channels.get(name) ?? channel(name)
  channels.set(name, one)
  if (one.hasSubscribers) one.publish(message)
}
