// Who holds a lock: one call, or those that share it.

import { readState } from '../../cell/transition.js'
import type { Steps } from '../../core/steps.js'
import { foreignAt, type Holder, holderOf } from '../holder.js'
import type { Locking } from '../job.js'
import { settlePlace } from '../place.js'
import { slotCountOf } from '../slots/slot-count.js'
import { slotOf } from '../slots.js'
import { parseLock } from '../token.js'

/** All of them; a call that excludes all others is the only one. */
export function* holdersOf(locking: Locking): Steps<Holder[]> {
  if (locking.lockDir !== undefined) yield* settlePlace(locking)
  const { dir, trial } = locking
  const now = yield* readState(dir, trial)
  if (now === 'void') {
    const another = yield* foreignAt(dir)
    return another ? [another] : []
  }
  if (now === 'absent') return []
  const { owner, more } = parseLock(dir, now)
  const slots = slotCountOf(more)
  if (owner !== undefined && !slots?.passing) {
    const holder = yield* holderOf(locking)
    // It may wait for those that share the lock still.
    if (holder) return [holder]
  }
  const holders: Holder[] = []
  for (let number = 1; number <= (slots?.count ?? 0); number++) {
    const holder = yield* holderOf(slotOf(locking, number))
    if (holder) holders.push(holder)
  }
  return holders
}
