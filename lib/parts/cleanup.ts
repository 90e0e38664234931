// Steps that give something back, or that come after what was asked for is true.

import { isSystemError } from '../core/errors.js'
import { isInterruption } from '../core/interruption.js'
import type { Steps } from '../core/steps.js'

/** Best effort: runs clean-up steps and ignores system errors. */
export function* tidy(steps: Steps<unknown>): Steps<void> {
  try {
    yield* steps
  } catch (error) {
    if (!isSystemError(error)) throw error
  }
}

/**
 * Uninterruptible: an abort or a time-out is delivered once, so if it lands in these steps they are run again, to the
 * end. Then it is rethrown, unless `late` says that the call is to succeed all the same.
 */
export function* uninterruptible<T>(steps: () => Steps<T>, late = false): Steps<T> {
  try {
    return yield* steps()
  } catch (error) {
    if (!isInterruption(error)) throw error
    const value = yield* steps()
    if (late) return value
    throw error
  }
}

/** Uninterruptible steps that come after what was asked for is true: it is too late to stop the call. */
export const finishAnyway = <T>(steps: () => Steps<T>): Steps<T> => uninterruptible(steps, true)
