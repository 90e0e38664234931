// What the token of a gate says of its slots (../slots.ts): one of the fields behind those of ../token.ts, and behind that of
// the call that waits. `s<number>`: slots of calls that share; `n<number>`: of so many holders; `-p` behind that: the gate
// is held only by a call on its way to a slot.

import type { Sharing } from '../job.js'

export interface SlotCount {
  readonly kind: 's' | 'n'
  readonly count: number
  readonly passing: boolean
}

const pattern = /^([sn])(\d+)(-p)?$/

/** Undefined if the lock has no slots. */
export function slotCountOf(more: readonly string[]): SlotCount | undefined {
  for (const field of more) {
    const [, kind, count, passing] = pattern.exec(field) ?? []
    if (kind) return { kind: kind as SlotCount['kind'], count: Number(count), passing: passing !== undefined }
  }
  return undefined
}

const noWant = '0'

/** The same fields, with other slots, or without. */
export function withSlotCount(more: readonly string[], slots: SlotCount | undefined): readonly string[] {
  const [want = noWant, ...others] = more.filter(field => !pattern.test(field))
  if (slots) return [want, ...others, `${slots.kind}${slots.count}${slots.passing ? '-p' : ''}`]
  return others.length > 0 || want !== noWant ? [want, ...others] : []
}

/** What the next state of a gate says of the slots; `passes`: it is taken by a call on its way to one. */
export function carrySlots(more: readonly string[], passes?: Sharing | undefined): readonly string[] {
  const slots = slotCountOf(more)
  if (passes) return withSlotCount(more, { ...(slots ?? firstSlots(passes)), passing: true })
  return slots ? withSlotCount(more, closed(slots)) : more
}

/** A gate of which nothing is known has no slots in use. */
const firstSlots = (sharing: Sharing): SlotCount => ({
  kind: kindOf(sharing),
  count: sharing === 'shared' ? 0 : sharing.holders,
  passing: true,
})

export const kindOf = (sharing: Sharing): SlotCount['kind'] => (sharing === 'shared' ? 's' : 'n')

/** Who holds the gate now, or next, does not pass. */
export const closed = (slots: SlotCount): SlotCount | undefined =>
  slots.kind === 's' && slots.count === 0 ? undefined : { ...slots, passing: false }

/** Are the slots such as the call wants them? */
export const isAgreed = (slots: SlotCount, sharing: Sharing): boolean =>
  slots.kind === kindOf(sharing) && (sharing === 'shared' || sharing.holders === slots.count)
