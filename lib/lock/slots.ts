// The slots of a lock that several calls hold at the same time. The lock is a gate: its token counts the slots, and each
// slot is a lock of its own, beside it: `<gate>.<number>`. Who shares the lock holds one slot; who excludes all others holds
// the gate and every slot that it counts.
//
// Of every holder of a slot this is true: at a moment since it took the slot, the gate has counted that. So a call that takes
// the gate later finds the slot held. Only a call that holds the gate and all slots lets it count fewer.

import { readState } from '../cell/transition.js'
import { fs, type Steps } from '../core/steps.js'
import { cleaningUp } from '../parts/cleanup.js'
import { tryAcquireOne } from './acquire.js'
import { ignoreLoss, release } from './hold.js'
import type { Hold, Locking, Sharing } from './job.js'
import { leaseLost } from './own-state.js'
import { whoseIs } from './place/own-directory.js'
import { slotDir } from './slots/own-slots.js'
import { isAgreed, slotCountOf } from './slots/slot-count.js'
import { parseLock } from './token.js'
import { isWantedBy } from './turn/want.js'
import { beat } from './while-held.js'
import { leavesOf } from './whole.js'

/** The lock of a slot. */
export const slotOf = (gate: Locking, number: number, also: Partial<Locking> = {}): Locking => ({
  ...gate,
  dir: slotDir(gate.dir, number),
  // No other package makes a lock there.
  foreign: undefined,
  sharing: undefined,
  passes: undefined,
  slot: { number, gate },
  ...also,
})

/** The gate, as a call takes it that only passes. */
export const gateOf = (locking: Locking, sharing: Sharing): Locking => ({
  ...locking,
  label: undefined,
  sharing: undefined,
  passes: sharing,
})

/** The slot that this thread had last: it is likely to be free. */
export function* lastSlot({ dir }: Locking): Steps<number> {
  return ((yield* fs.recall(`${dir} slot`)) as number | undefined) ?? 1
}

export const rememberSlot = ({ dir }: Locking, { locking: { slot } }: Hold): Steps<void> =>
  fs.remember(`${dir} slot`, slot?.number)

/** What a call that has no slot yet sees at the gate. `closed`: it must pass through that. */
type View = 'closed' | { readonly count: number }

function* lookAtGate({ dir, trial }: Locking, sharing: Sharing): Steps<View> {
  const now = yield* readState(dir, trial)
  if (typeof now === 'string' || (yield* whoseIs(dir)) === undefined) return 'closed'
  const { owner, more } = parseLock(dir, now)
  const slots = slotCountOf(more)
  const isOpen = owner === undefined && !isWantedBy(more)
  return isOpen && slots && isAgreed(slots, sharing) ? { count: slots.count } : 'closed'
}

/**
 * Takes a slot that is free while no call holds the gate, without taking that. The gate is read after the state of the slot,
 * and before that is swapped: if it counts the slot then, it counts it for as long as that state lasts.
 */
export function* tryFreeSlot(locking: Locking, sharing: Sharing): Steps<Hold | undefined> {
  let view: View | undefined
  const tryOne = (number: number): Steps<Hold | undefined> => {
    const admits = function* () {
      view = yield* lookAtGate(locking, sharing)
      return view !== 'closed' && number <= view.count
    }
    return tryAcquireOne(slotOf(locking, number, { admits }))
  }
  const first = yield* lastSlot(locking)
  const hold = yield* tryOne(first)
  if (hold) return hold
  view ??= yield* lookAtGate(locking, sharing)
  for (let number = 1; view !== 'closed' && number <= view.count; number++) {
    const one = number === first ? undefined : yield* tryOne(number)
    if (one) {
      yield* rememberSlot(locking, one)
      return one
    }
  }
  return undefined
}

/** Makes the heartbeats that are due, of a call that waits for more than it holds. @throws `ERR_LEASE_LOST` */
export function* attendTo(holds: readonly Hold[]): Steps<void> {
  const nowMs = yield* fs.now()
  for (const hold of holds) {
    if (nowMs - hold.beatMs < hold.locking.heartbeatMs) continue
    yield* beat(hold)
    if (hold.over === 'lost') throw leaseLost(hold)
  }
}

/** No caller gets the hold, so what the lock says of the holder before it stays true. */
export function endUnseen(hold: Hold): void {
  for (const one of leavesOf(hold)) one.endsAs = one.previous
}

/** Releases holds that their caller never got, the last one first, whatever happens to the others. */
export function* giveBack(holds: readonly Hold[]): Steps<void> {
  for (const hold of holds.toReversed()) {
    endUnseen(hold)
    yield* cleaningUp(() => ignoreLoss(release(hold)))
  }
}
