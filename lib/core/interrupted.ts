// A call that is not made, or a wait that ends, because the call as a whole is stopped.

import { type Done, isFailure } from './done.js'
import type { Call } from './steps.js'
import { settle } from './wait.js'

/** Ends the call with the interruption; or with what a callback has failed with already, because that was first. */
export function interruptCall({ op, args }: Call, interruption: Error, done: Done): void {
  if (op === 'settle') settle(args[0], 0, error => done(isFailure(error) ? error : interruption))
  else done(interruption)
}
