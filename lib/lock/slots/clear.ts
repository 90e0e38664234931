// Nothing is left of a lock that is not needed any more: neither its gate nor its slots (../slots.ts).

import { readState } from '../../cell/transition.js'
import type { Steps } from '../../core/steps.js'
import { tryAcquireOne } from '../acquire.js'
import { ignoreLoss, release } from '../hold.js'
import type { Hold, Locking } from '../job.js'
import { tryAcquire } from '../obtain.js'
import { slotOf } from '../slots.js'
import { publishersOf } from '../whole.js'
import { slotDir } from './own-slots.js'

/** Releases a hold, and removes its lock. If it was shared, the last one that releases it so removes all. */
export function* releaseAndRemove(hold: Hold): Steps<void> {
  yield* release(hold, { remove: true })
  for (const { locking } of publishersOf(hold)) if (locking.slot) yield* removeUnused(locking.slot.gate)
}

/** Removes a lock with all its slots, if no call holds it or waits for it. Returns whether this call did it. */
export function* removeUnused(locking: Locking): Steps<boolean> {
  const all = yield* tryAcquire({ ...locking, sharing: undefined, label: undefined })
  if (!all) return false
  // It may have had more of them before.
  for (let number = all.parts?.length ?? 1; ; number++) {
    if ((yield* readState(slotDir(locking.dir, number), locking.trial)) === 'absent') break
    const slot = yield* tryAcquireOne(slotOf(locking, number))
    if (slot) yield* ignoreLoss(release(slot, { remove: true }))
  }
  yield* release(all, { remove: true })
  return (yield* readState(locking.dir, locking.trial)) === 'absent'
}
