// The state that a hold has put into the lock: only its own thread changes it.

import { successor } from '../cell/state.js'
import { advance, readState } from '../cell/transition.js'
import type { Steps } from '../core/steps.js'
import { nonces } from '../parts/stage-names.js'
import type { Hold } from './job.js'
import { leaseLostError, lostBecause } from './lease-lost.js'
import { isOfHold, parseLock } from './token.js'

/** Swaps the current state of the hold, also if a heartbeat, or another process, changes what else it says meanwhile. @throws `ERR_LEASE_LOST` */
export function* swapOwn(hold: Hold, fieldsOf: (more: readonly string[]) => string[]): Steps<void> {
  const { dir, trial } = hold.locking
  for (;;) {
    const fields = fieldsOf(parseLock(dir, hold.state).more)
    const to = successor(hold.state, { fields }, yield* nonces())
    if ((yield* advance(dir, hold.state, to, trial)) === 'mine') {
      hold.state = to
      return
    }
    const now = yield* readState(dir, trial)
    if (typeof now === 'string' || !isOfHold(now, hold.id)) {
      hold.lostBecause = lostBecause(now, hold.fence)
      throw leaseLost(hold)
    }
    hold.state = now
  }
}

export const leaseLost = ({ locking: { path }, fence, over, lostBecause: why }: Hold): Error =>
  leaseLostError(path, fence, over === 'released' || why === undefined ? 'it was released' : why)
