// Who wants a lock alone that others share needs, besides the gate, every slot (../slots.ts). While it holds the gate, no
// other call gets a slot any more, so those that it waits for grow fewer.

import { isUnknownOutcome } from '../../cell/transition.js'
import type { Steps } from '../../core/steps.js'
import type { Hold, Locking } from '../job.js'
import { isLeaseLost } from '../lease/lease-lost.js'
import { attendTo, giveBack, slotOf } from '../slots.js'
import { wholeOf } from '../whole.js'

/**
 * Takes every slot of a gate. `none`: one of them is held, and `take` does not wait; `lost`: the gate was lost meanwhile. In
 * both cases all is given back.
 */
export function* takeAllSlots(
  gate: Hold,
  take: (slot: Locking) => Steps<Hold | undefined>,
): Steps<Hold | 'none' | 'lost'> {
  const taken = [gate]
  const attend = () => attendToAll(gate.locking, taken)
  try {
    for (let number = 1; number <= gate.slots; number++) {
      const slot = yield* take(slotOf(gate.locking, number, { attend, label: undefined }))
      if (!slot) {
        yield* giveBack(taken)
        return 'none'
      }
      taken.push(slot)
    }
    yield* attend()
  } catch (error) {
    yield* giveBack(taken)
    if (isLeaseLost(error) || isUnknownOutcome(error)) return 'lost'
    throw error
  }
  return wholeOf(taken)
}

/** And to what the call held before, of other locks. */
function* attendToAll({ attend }: Locking, taken: readonly Hold[]): Steps<void> {
  if (attend) yield* attend()
  yield* attendTo(taken)
}
