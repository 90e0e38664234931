// What the token of a lock says: `f.<fence>.<clock>` (free), or `h.<fence>.<owner>.<hold>.<beat>.<stale>` (held). Fields
// behind these are for those that know them, and are carried on by all others.

import type { State } from '../cell/state.js'
import { notACell } from '../cell/transition.js'
import { clockOf } from '../core/owner-words.js'
import { laterMs, spellBeat, spellFence, spellMs, toNumber } from './token/numbers.js'

/**
 * How the last holder that got the lock has ended: it released it; it died, or counted as dead; or none is known, because
 * the lock is new.
 */
export type Previous = 'released' | 'died' | 'none'

/** What a lock that is free says of that. `broken`: it was taken away from its holder (`lock.break`). */
export type Ending = Previous | 'broken'

/** The fence of a lock that no call has taken yet. */
export const unnumbered = 0

export interface Token {
  readonly fence: number
  /** Of a lock that is free: how its last holder has ended. */
  readonly previous: Ending | undefined
  /** The thread that holds it; undefined if it is free. */
  readonly owner: string | undefined
  /** The hold, as the registry of that thread knows it. */
  readonly hold: string | undefined
  /** When the last heartbeat was made (ms), on the clock of its owner. */
  readonly beatMs: number | undefined
  /** When it was taken (ms), on the same clock. */
  readonly sinceMs: number | undefined
  /** For how long (ms) it may be silent until it counts as dead for those that cannot judge it; undefined if it does not say. */
  readonly staleMs: number | undefined
  /** The place of the clock of the thread that wrote it. */
  readonly clock: string | undefined
  readonly more: readonly string[]
}

/** A state, and what it says. */
export interface Known {
  readonly state: State
  readonly token: Token
}

/** What a token says of a hold. */
export interface Holding {
  readonly fence: number
  readonly owner: string
  readonly id: string
  readonly staleMs: number
  /** @default when that heartbeat was made */
  readonly sinceMs?: number
}

/** That of a lock that the owner has freed, or made. */
export const freeToken = (
  fence: number,
  owner: string,
  more: readonly string[] = none,
  previous: Ending = usualAt(fence),
): Token => ({
  fence,
  previous,
  owner: undefined,
  hold: undefined,
  beatMs: undefined,
  sinceMs: undefined,
  staleMs: undefined,
  clock: clockOf(owner),
  more,
})

const none: readonly string[] = []

/** Without the place of a clock, nothing can be behind it. */
export const freeFields = ({ fence, previous, clock, more }: Token): string[] => {
  const isUsual = previous === undefined || previous === usualAt(fence)
  const spelled = isUsual ? spellFence(fence) : `${spellFence(fence)}-${previous[0]}`
  return clock === undefined ? ['f', spelled] : ['f', spelled, clock, ...more]
}

/** What a lock that is free says of its last holder, if it says nothing. */
const usualAt = (fence: number): Previous => (fence === unnumbered ? 'none' : 'released')

function parsePrevious(spelled: string, fence: number): Ending {
  const dash = spelled.indexOf('-')
  if (dash < 0) return usualAt(fence)
  const [letter] = spelled.slice(dash + 1)
  return letter === 'n' ? 'none' : letter === 'b' ? 'broken' : 'died'
}

/** What the next holder has before itself, if that is this owner. Only its own thread takes a lock that a release has left. */
export function previousOf({ previous, owner }: Token, taker: string): Previous {
  if (previous !== undefined) return previous === 'broken' ? 'died' : previous
  return owner === undefined || owner === taker ? 'released' : 'died'
}

export const heldFields = (
  { fence, owner, id, staleMs, sinceMs }: Holding,
  beatMs: number,
  more: readonly string[] = none,
): string[] => ['h', spellFence(fence), owner, id, spellBeat(beatMs, sinceMs), spellMs(Math.ceil(staleMs)), ...more]

export function parseLock(dir: string, { gone, fields }: State): Token {
  const [kind, fence, who, hold, beat, stale, ...rest] = fields
  const number = toNumber(fence)
  const isFree = kind === 'f'
  if (gone || number === undefined || !(isFree || (kind === 'h' && who !== undefined)))
    throw notACell(dir, 'it is a cell, but not a lock')
  if (isFree) {
    const more = fields.length > 3 ? fields.slice(3) : none
    return {
      fence: number,
      previous: parsePrevious(fence as string, number),
      owner: undefined,
      hold: undefined,
      beatMs: undefined,
      sinceMs: undefined,
      staleMs: undefined,
      clock: who,
      more,
    }
  }
  const [sinceMs, staleMs] = [toNumber(beat), toNumber(stale)]
  const beatMs = sinceMs === undefined ? undefined : sinceMs + laterMs(beat)
  return {
    fence: number,
    previous: undefined,
    owner: who,
    hold,
    beatMs,
    sinceMs,
    staleMs,
    clock: clockOf(who as string),
    more: rest,
  }
}

export const isOfHold = ({ fields: [kind, , , hold] }: State, id: string): boolean => kind === 'h' && hold === id
