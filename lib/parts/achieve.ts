// Attempt; if it failed, look at the world; if what was wanted holds, it is success; if waiting can cure it, try again
// within a bound; else throw the original error, unchanged. The only retry loop of this package.

import { type Channel, channel } from 'node:diagnostics_channel'
import { isInterruption } from '../core/deadline.js'
import { type Errno, hasCode, isSystemError, isTransient, type SystemError } from '../core/errors.js'
import { fs, type Steps } from '../core/steps.js'

/** A look's third answer: what is wanted does not hold, but the world has moved since the attempt, so attempt again. */
export const again: unique symbol = Symbol('again')
export type Again = typeof again

export interface Trial {
  /** The function that tries, and at which path: for the diagnostics channels. */
  readonly as: string
  readonly path: string
  /** Milliseconds that it goes on trying. @default 10_000 */
  readonly retryFor?: number | undefined
  /** What else a concurrent process can cause here, and waiting can cure. */
  readonly also?: readonly Errno[]
  /** What waiting cures elsewhere, and never here. */
  readonly never?: readonly Errno[]
}

/**
 * Makes a postcondition true.
 *
 * `holds` is asked after each failed attempt, before the errno is read, because the loser of a race gets whatever its
 * filesystem likes to say. It answers what is to be returned, or undefined for "no", or `again`. An error inside it
 * counts as "no", so it never masks the attempt's. Errors that are not of the system come out at once.
 */
export function* achieve<T extends NonNullable<unknown>>(
  attempt: () => Steps<T>,
  holds: (error: SystemError) => Steps<T | Again | undefined>,
  { as, path, retryFor = 10_000, also = [], never = [] }: Trial,
): Steps<T> {
  let since: number | undefined
  for (let tries = 1; ; tries++) {
    try {
      return yield* attempt()
    } catch (error) {
      if (!isSystemError(error) || isLastWord(error)) throw error
      const verdict = yield* asked(() => holds(error))
      if (verdict !== undefined && verdict !== again) {
        publish('holdfast:held', { function: as, path, errno: error.errno, code: error.code, attempt: tries })
        return verdict
      }
      const curable = (isTransient(error) && !hasCode(error, ...never)) || hasCode(error, ...also)
      if (verdict !== again && !curable) throw error
      const now = yield* fs.now()
      since ??= now
      const left = since + retryFor - now
      if (left <= 0) {
        givenUp.add(error)
        throw error
      }
      publish('holdfast:retry', { function: as, path, errno: error.errno, code: error.code, attempt: tries })
      // Where the world has moved, it is the next attempt that may come in time, and waiting longer only misses more.
      yield* fs.sleep(Math.min(left, yield* backoff(verdict === again ? Math.min(tries, 2) : tries)))
    }
  }
}

/** Patience that has ended within an algorithm does not begin again around it. */
const givenUp = new WeakSet<SystemError>()

/** A look that tells nothing, where only the attempt itself can. */
// biome-ignore lint/correctness/useYield: there is nothing to call
export function* noEvidence(): Steps<undefined> {
  return undefined
}

/** Whatever is tried around this, it is no use: what was said is the last word. */
export function asLastWord(error: unknown): unknown {
  if (isSystemError(error)) givenUp.add(error)
  return error
}

export const isLastWord = (error: unknown): boolean => isSystemError(error) && givenUp.has(error)

/** A failed look is "no"; one that failed for want of descriptors or the like says nothing, and is taken again. */
function* asked<T>(look: () => Steps<T>): Steps<T | Again | undefined> {
  try {
    return yield* look()
  } catch (error) {
    if (!isSystemError(error)) throw error
    return isTransient(error) ? again : undefined
  }
}

/** Milliseconds: 1, 2, 4 ... 100, each up to half as much more or less, so that those who collided part. */
function* backoff(tries: number): Steps<number> {
  const [byte = 0] = yield* fs.random(1)
  return Math.min(2 ** (tries - 1), 100) * (0.5 + byte / 256)
}

/** Runs steps that come after the deed: their failure is nobody's. */
export function* tidy(steps: Steps<unknown>): Steps<void> {
  try {
    yield* steps
  } catch (error) {
    if (!isSystemError(error)) throw error
  }
}

/** Steps that give back: a call is stopped once only, so whoever is stopped in them begins anew, and comes to the end. */
export function* inPeace<T>(steps: () => Steps<T>): Steps<T> {
  try {
    return yield* steps()
  } catch (error) {
    if (isInterruption(error)) yield* steps()
    throw error
  }
}

/** Steps that come after the deed: then it is too late to be stopped, and nobody hears of it. */
export function* toTheEnd<T>(steps: () => Steps<T>): Steps<T> {
  try {
    return yield* steps()
  } catch (error) {
    if (!isInterruption(error)) throw error
    return yield* steps()
  }
}

/** What steps threw; undefined if they came to their end. */
export function* failureOf(steps: Steps<unknown>): Steps<unknown> {
  try {
    yield* steps
    return undefined
  } catch (error) {
    return error
  }
}

/** Kept, because when Node 20 collects a channel, it forgets the next one of that name, and who listens to it. */
const channels = new Map<string, Channel>()

function publish(name: 'holdfast:held' | 'holdfast:retry', message: object): void {
  const one = channels.get(name) ?? channel(name)
  channels.set(name, one)
  if (one.hasSubscribers) one.publish(message)
}
