// Something else may remove a gate, and leave its slots (../slots.ts). Then a call that takes the lock alone finds no slots to
// take, and so who holds one must be informed.

import { readState } from '../../cell/transition.js'
import type { Steps } from '../../core/steps.js'
import type { Hold } from '../job.js'
import { parseLock } from '../token.js'
import { slotCountOf } from './slot-count.js'

/** Does the gate count the slot still? True of what is no slot, and of the slots of a call that holds the gate, too. */
export function* isCounted({ locking: { slot } }: Hold): Steps<boolean> {
  if (!slot?.gate.sharing) return true
  const { dir, trial } = slot.gate
  const now = yield* readState(dir, trial)
  return typeof now === 'object' && (slotCountOf(parseLock(dir, now).more)?.count ?? 0) >= slot.number
}
