// A call that is not made, or a wait that ends, because the call as a whole is stopped.

import { type Done, isFailure } from './done.js'
import type { Call } from './steps.js'
import { afterReactions } from './timers.js'
import { settle } from './wait.js'

/** Ends the call with the interruption; or with what a callback has failed with already, because that was first. */
export function interruptCall({ op, args }: Call, interruption: Error, done: Done): void {
  if (op !== 'settle') {
    done(interruption)
    return
  }
  const wake = settle(args[0], undefined, error => done(isFailure(error) ? error : interruption))
  // A promise that has failed says so only in a reaction. A timer, even of 0 ms, would be too late: on a busy machine a later
  // failure comes before it.
  if (wake) afterReactions(wake)
}
