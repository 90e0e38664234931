// A question that changes nothing.

import { isInterruption } from '../../core/interruption.js'
import type { Steps } from '../../core/steps.js'
import { isNoReply } from './ask.js'
import type { Failure } from './failure.js'
import { Tries } from './pause.js'

/** Asks again where the connection was cut, or the server put the question off. */
export function* look<T>(once: () => Steps<T>, failureOf: (error: unknown) => Failure, retryForMs: number): Steps<T> {
  // Usually the first reply is there.
  let tries: Tries | undefined
  for (;;) {
    try {
      return yield* once()
    } catch (error) {
      if (isInterruption(error) || isNoReply(error) || failureOf(error) === 'refused') throw error
      tries ??= new Tries(retryForMs)
      yield* tries.again(error)
    }
  }
}
