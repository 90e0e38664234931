// A lock that names a hold which is over: its release failed, or a call was given up before it knew whether it has the
// lock. Its thread may take it at once (./acquire.ts). For all others it is freed as soon as that can be done.

import { isUnknownOutcome } from '../cell/transition.js'
import { isSystemError } from '../core/errors.js'
import { fs, type Steps } from '../core/steps.js'
import { cleaningUp } from '../parts/cleanup.js'
import type { Hold } from './job.js'
import { isLeaseLost } from './lease/lease-lost.js'
import { freeOwn } from './own-state.js'

/** Frees the lock. If another call has taken it meanwhile, it was free, as is wanted. */
export function* releaseOrphan(hold: Hold): Steps<void> {
  try {
    yield* freeOwn(hold)
  } catch (error) {
    if (!isUnknownOutcome(error) && !isLeaseLost(error)) throw error
  }
  hold.over = 'released'
}

/** Goes on in the background until the lock is free. */
export const releaseLater = (hold: Hold): Steps<void> =>
  fs.later(function* () {
    if (hold.over === 'abandoned') yield* releaseOrphan(hold)
  })

/** Frees the lock if a call that is given up has taken it after all. */
export function* giveUp(hold: Hold): Steps<void> {
  hold.over = 'abandoned'
  hold.endsAs = hold.previous
  try {
    yield* cleaningUp(() => releaseOrphan(hold))
  } catch (error) {
    if (!isSystemError(error)) throw error
    yield* releaseLater(hold)
  }
}
