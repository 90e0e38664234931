// Steps that give something back, or that come after what was asked for is true.

import { rescued } from '../core/around.js'
import { hasCode, isSystemError, markFinal, mayBeOpen } from '../core/errors.js'
import { isInterruption } from '../core/interruption.js'
import { platform } from '../core/platform.js'
import { atOnce, type Call, fs, type Outcome, type Steps } from '../core/steps.js'

/**
 * Best effort: runs clean-up steps and ignores system errors.
 *
 * @param steps What is given back, or removed.
 */
export const tidy = (steps: Steps<unknown>): Steps<void> =>
  rescued<void>(
    () => steps as Steps<void>,
    // biome-ignore lint/correctness/useYield: there is nothing to call
    function* (error) {
      if (!isSystemError(error)) throw error
    },
  )

/** How often something private is removed before the call ends. */
const mostTries = 3

/**
 * On Windows a scanner may have it open for a moment: 5 ms, and then 20, are waited, before it is tried again. Returns false
 * after the last try; and if the call was stopped, and must end before.
 */
function* restBefore(tries: number): Steps<boolean> {
  if (tries > mostTries) return false
  const ms = 5 * 4 ** (tries - 2)
  return yield* cleaningUp(function* () {
    if (((yield* fs.retryFor(ms)) ?? ms) < ms) return false
    yield* fs.sleep(ms)
    return true
  })
}

/** How often in the background: for some ten seconds. */
const mostLater = 200

/** Windows keeps the name of what is removed until all have closed it, and so the directory that it is in is not empty. */
const isHeld = (error: unknown): boolean => mayBeOpen(error) || (platform.isWindows && hasCode(error, 'ENOTEMPTY'))

/**
 * Removes something private, and ignores system errors in the end. It is tried several times, because no sweeper may
 * remove it while this process lives. What another process has open is removed in the background, when that is over.
 */
export function* discard(steps: () => Steps<unknown>): Steps<void> {
  for (let tries = 1; tries <= mostTries; tries++) {
    try {
      yield* steps()
      return
    } catch (error) {
      if (!isSystemError(error)) throw error
      if (hasCode(error, 'ENOENT')) return
      if (!isHeld(error) || (yield* restBefore(tries + 1))) continue
      return yield* discardLater(steps)
    }
  }
}

/** The same, tried once, for steps that try again themselves. */
export const discardOnce = (steps: () => Steps<unknown>): Steps<void> =>
  rescued<void>(
    () => steps() as Steps<void>,
    function* (error) {
      if (!isSystemError(error)) throw error
      if (isHeld(error)) yield* discardLater(steps)
    },
  )

function* making(call: Call): Steps<void> {
  yield call
}

function* discardLater(steps: () => Steps<unknown>): Steps<void> {
  let tries = 0
  yield* fs.later(function* () {
    tries++
    try {
      yield* steps()
    } catch (error) {
      if (isHeld(error) && tries < mostLater) throw error
    }
  })
}

/** The same for several calls, all at once: private names, and descriptors, which are closed only once. */
export const discardAll = (steps: readonly Steps<unknown>[]): Steps<void> =>
  discardCalls(steps.map(one => one.next().value as Call))

export function* discardCalls(calls: readonly Call[]): Steps<void> {
  let left = calls
  for (let tries = 1; left.length > 0 && tries <= mostTries; tries++) {
    const outcomes = yield* atOnce(left)
    left = left.filter(({ op }, at) => {
      const outcome = outcomes[at] as Outcome<unknown>
      return 'error' in outcome && op !== 'close' && !hasCode(outcome.error, 'ENOENT')
    })
    if (!platform.isWindows || left.length === 0 || (yield* restBefore(tries + 1))) continue
    for (const call of left) yield* discardLater(() => making(call))
    return
  }
}

/**
 * Uninterruptible: an abort or a time-out is delivered once, so if it lands in these steps they are run again, to the
 * end. Then it is rethrown.
 */
export const uninterruptible = <T>(steps: () => Steps<T>): Steps<T> =>
  rescued(steps, function* (error) {
    if (!isInterruption(error)) throw error
    yield* steps()
    throw error
  })

/** A user's work comes to its end in any case: what was to stop the call while it ran came too late for what follows, too. */
export const workAnyway = <T>(steps: () => Steps<T>): Steps<T> =>
  rescued(steps, function* (error) {
    if (!isInterruption(error)) throw error
    yield* fs.goOn()
    return yield* steps()
  })

/** Steps with work that comes to its end in any case. What was to stop the call meanwhile is thrown instead of the call after them. */
export function* stoppedAfter<T>(steps: Steps<T>): Steps<T> {
  try {
    const value = yield* steps
    yield* fs.postpone()
    return value
  } catch (error) {
    if (!isInterruption(error)) yield* fs.postpone()
    throw error
  }
}

/**
 * Uninterruptible steps of a `catch` or `finally`, or that come after what was asked for is true: an interruption that lands
 * in them takes the place of no error and of no result, but is thrown instead of the next call, if there is one. To lose it
 * would let a larger algorithm go on without end.
 */
export const cleaningUp = <T>(steps: () => Steps<T>): Steps<T> =>
  rescued(steps, function* (error) {
    if (!isInterruption(error)) throw error
    const value = yield* steps()
    yield* fs.postpone()
    return value
  })

/**
 * Runs steps that call a user's function. If they fail, that is how the call as a whole ends, whatever comes while it
 * cleans up.
 */
export const ofUser = <T>(steps: () => Steps<T>): Steps<T> =>
  rescued(steps, function* (error): Steps<never> {
    if (!isInterruption(error)) yield* fs.postpone(error)
    throw error
  })

/** Calls a function of the user, and waits for what it returns. What it throws is no failure that a retry may cure. */
export const askUser = <T>(call: () => T | PromiseLike<T>): Steps<Awaited<T>> =>
  rescued<Awaited<T>>(
    () => ofUser(() => fs.settle(call())),
    // biome-ignore lint/correctness/useYield: there is nothing to call
    function* (error) {
      throw isInterruption(error) ? error : markFinal(error)
    },
  )
