// What a token says of a call that waits for the lock and is the next to get it: its first field behind those of
// ../token.ts, `<fence less ticket>-<place>-<pid>-<born>-<thread>-<born>`, in the token of a holder; and in a free one that
// is kept for that call, `-<kept at>` behind that. Beside a holder of the same place, that is left out: `0`.

import { placeOf, withoutClock } from '../../core/owner-words.js'
import type { Token } from '../token.js'

export interface Want {
  /** The fence at which the call began to wait. Of two, the one with the smaller ticket is the next. */
  readonly ticket: number
  /** Its thread, as an owner without clock and image. */
  readonly who: string
  /** When the lock was released for it (ms), on the clock of the thread that did that. */
  readonly keptAtMs: number | undefined
}

/** What the field belongs to. */
type Wanted = Pick<Token, 'fence' | 'owner' | 'more'>

const none = '0'
const sameAsHolder = '0'

/** Can a want be put there? What has other things to say in this field is not known here. */
export const isWantable = ({ hold, more: [field = none] }: Token): boolean =>
  hold !== undefined && (field === none || pattern.test(field))

const pattern = /^([0-9a-z]+)-([0-9a-z]+)((?:-[0-9a-z]+){4})(?:-([0-9a-z]+))?$/

/** Is there a call that is the next? */
export const isWantedBy = (more: readonly string[]): boolean => (more[0] ?? none) !== none

/** The call that is to get the lock next. */
export function wantOf({ fence, owner, more: [field = none] }: Wanted): Want | undefined {
  if (field === none) return undefined
  const [, behind, place, rest, kept] = pattern.exec(field) ?? []
  if (behind === undefined) return undefined
  const who = (place === sameAsHolder && owner !== undefined ? placeOf(owner) : place) + (rest as string)
  const keptAtMs = kept === undefined ? undefined : Number.parseInt(kept, 36)
  return { ticket: fence - Number.parseInt(behind, 36), who, keptAtMs }
}

/** `owner`: the holder; undefined if the lock is free. */
function spellWant({ ticket, who, keptAtMs }: Want, fence: number, owner: string | undefined): string {
  const [place = '', ...rest] = who.split('-')
  const spelled = owner !== undefined && place === placeOf(owner) ? sameAsHolder : place
  const kept = keptAtMs === undefined ? [] : [Math.floor(keptAtMs).toString(36)]
  return [(fence - ticket).toString(36), spelled, ...rest, ...kept].join('-')
}

/** The fields behind those of the lock itself, with another want, or none. */
export function withWant({ fence, owner, more }: Wanted, want: Want | undefined): string[] {
  const others = more.slice(1)
  if (want) return [spellWant(want, fence, owner), ...others]
  return others.length > 0 ? [none, ...others] : []
}

/** What the token of the next holder carries on: a call that waits is still the next after it, unless its turn is now. */
export function carriedOn(token: Token, fence: number, owner: string): readonly string[] {
  const want = token.more.length > 0 ? wantOf(token) : undefined
  if (!want) return token.more
  // If the lock was free, the call that it was kept for has it now, or has not come.
  const isOver = token.owner === undefined || want.who === withoutClock(owner)
  return withWant({ ...token, fence, owner }, isOver ? undefined : want)
}

/** What the lock says besides when its holder releases it at that moment: it is kept for the call that is the next. */
export function keptMore(held: Wanted, nowMs: number): readonly string[] {
  const want = wantOf(held)
  return want ? withWant({ ...held, owner: undefined }, { ...want, keptAtMs: nowMs }) : held.more
}
