// The hold that a call would take next.

import { type PayloadId, successor } from '../cell/state.js'
import { fs, type Steps } from '../core/steps.js'
import { nonces } from '../parts/stage-names.js'
import { carryBreak } from './break/broken.js'
import type { Sighting } from './evidence/sighting.js'
import { nextFence } from './fence.js'
import { naming, tryWriteNote } from './holder/note.js'
import type { Hold, Locking } from './job.js'
import { carrySlots, slotCountOf } from './slots/slot-count.js'
import { heldFields, type Known, previousOf } from './token.js'
import { carriedOn } from './turn/want.js'

/** The hold that this call's swap of a state would make. What it says of itself is written before, once for each call. */
export function nextHoldBy(locking: Locking, from: Known, sighting: Sighting): Steps<Hold> {
  sighting.from = from.state
  return locking.label === undefined ? nextHold(locking, from) : nextLabelled(locking, from, sighting)
}

function* nextLabelled(locking: Locking, from: Known, sighting: Sighting): Steps<Hold> {
  sighting.note ??= yield* tryWriteNote(locking)
  return yield* nextHold(locking, from, sighting.note)
}

function* nextHold(locking: Locking, { state: from, token }: Known, note?: PayloadId): Steps<Hold> {
  const owner = yield* fs.thread()
  const fence = yield* nextFence(locking.dir, token, owner)
  const id = yield* nonces()
  const sinceMs = yield* fs.now()
  const { staleMs } = locking
  const said = token.more.length > 0 ? { ...token, more: carryBreak(token) } : token
  const carried = carriedOn(said, fence, owner)
  const more = carried.length > 0 || locking.passes ? carrySlots(carried, locking.passes) : carried
  const fields = heldFields({ fence, owner, id, staleMs }, sinceMs, more)
  return {
    locking,
    fence,
    owner,
    id,
    staleMs,
    previous: previousOf(token, owner),
    endsAs: 'released',
    state: naming(successor(from, { fields }, id), note),
    more,
    over: undefined,
    lost: undefined,
    sinceMs,
    beatMs: sinceMs,
    silence: undefined,
    loss: undefined,
    whenOver: [],
    slots: more.length > 0 ? (slotCountOf(more)?.count ?? 0) : 0,
  }
}
