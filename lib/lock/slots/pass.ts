// A call that holds the gate of a lock on its way to a slot (../slots.ts).

import { isUnknownOutcome } from '../../cell/transition.js'
import { fs, type Steps } from '../../core/steps.js'
import { tryAcquireOne } from '../acquire.js'
import { release } from '../hold.js'
import { type Holder, holderOf } from '../holder.js'
import type { Hold, Locking, Sharing } from '../job.js'
import { isLeaseLost } from '../lease/lease-lost.js'
import { swapOwn } from '../own-state.js'
import { endUnseen, giveBack, rememberSlot, slotOf } from '../slots.js'
import { heldFields, parseLock } from '../token.js'
import { isAgreed, kindOf, type SlotCount, slotCountOf, withSlotCount } from './slot-count.js'

export interface Pass {
  readonly locking: Locking
  readonly sharing: Sharing
  readonly gate: Hold
  /** What it holds: the gate, and then a slot. */
  readonly taken: Hold[]
}

/** Takes a slot, and leaves the gate. Returns undefined if `take` has found none, or if the gate was lost meanwhile. */
export function* passGate(
  gate: Hold,
  locking: Locking,
  sharing: Sharing,
  take: (pass: Pass) => Steps<void>,
): Steps<Hold | undefined> {
  const pass: Pass = { locking, sharing, gate, taken: [gate] }
  endUnseen(gate)
  try {
    yield* agree(pass)
    yield* take(pass)
    // Only if the gate was held until now is it certain that it counts the slot.
    yield* release(gate)
  } catch (error) {
    yield* giveBack(pass.taken)
    if (isLeaseLost(error) || isUnknownOutcome(error)) return undefined
    throw error
  }
  const [, slot] = pass.taken
  if (slot) yield* rememberSlot(locking, slot)
  return slot
}

/** What the gate says of its slots, as far as this call has let it say that. */
export const slotsOf = ({ state, locking: { dir } }: Hold): SlotCount =>
  slotCountOf(parseLock(dir, state).more) ?? { kind: 's', count: 0, passing: true }

/** If the slots are such as others want them, they are changed, unless one of them is held. @throws `ERR_LOCK_MISMATCH` */
function* agree({ gate, locking, sharing }: Pass): Steps<void> {
  const slots = slotsOf(gate)
  if (isAgreed(slots, sharing)) return
  const unused: Hold[] = []
  try {
    for (let number = 1; number <= slots.count; number++) {
      const one = slotOf(locking, number)
      const slot = yield* tryAcquireOne(one)
      if (!slot) throw lockMismatch(locking.path, slots, sharing, yield* holderOf(one))
      unused.push(slot)
    }
    yield* setSlots(gate, kindOf(sharing), sharing === 'shared' ? 0 : sharing.holders)
  } finally {
    yield* giveBack(unused)
  }
}

function lockMismatch(path: string, slots: SlotCount, sharing: Sharing, holder: Holder | undefined): Error {
  const now = slots.kind === 's' ? 'shared' : describeHolders(slots.count)
  const wanted = sharing === 'shared' ? 'shared' : describeHolders(sharing.holders)
  const message = `The lock is held as ${now}, and cannot be held as ${wanted} meanwhile: ${path}`
  return Object.assign(new Error(message), { code: 'ERR_LOCK_MISMATCH', path, holder })
}

const describeHolders = (count: number): string => `\`holders: ${count}\``

function* setSlots(gate: Hold, kind: SlotCount['kind'], count: number): Steps<void> {
  const beatMs = yield* fs.now()
  const more = () => withSlotCount(gate.more, { kind, count, passing: true })
  yield* swapOwn(gate, () => heldFields(gate, beatMs, more()))
  gate.more = more()
  gate.beatMs = beatMs
}

/** Takes a slot that is free. If none is, and any number of calls may share the lock, bears one more. */
export function* trySlots(pass: Pass): Steps<void> {
  const { gate, locking, sharing, taken } = pass
  const { count } = slotsOf(gate)
  for (let number = 1; number <= count || sharing === 'shared'; number++) {
    const slot = yield* tryAcquireOne(slotOf(locking, number))
    if (!slot) continue
    taken.push(slot)
    if (number > count) yield* setSlots(gate, 's', number)
    return
  }
}
