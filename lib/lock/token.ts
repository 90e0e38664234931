// What the token of a lock says: `f.<fence>.<clock>` (free), or `h.<fence>.<owner>.<hold>.<beat>.<stale>` (held). Fields
// behind these are for those that know them, and are carried on by all others.

import type { State } from '../cell/state.js'
import { notACell } from '../cell/transition.js'
import { clockOf } from '../core/owner.js'

export interface Token {
  readonly fence: number
  /** The thread that holds it; undefined if it is free. */
  readonly owner: string | undefined
  /** The hold, as the registry of that thread knows it. */
  readonly hold: string | undefined
  /** When the last heartbeat was made (ms), on the clock of its owner. */
  readonly beatMs: number | undefined
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
}

/** That of a lock that the owner has freed, or made. */
export const freeToken = (fence: number, owner: string, more: readonly string[] = none): Token => ({
  fence,
  owner: undefined,
  hold: undefined,
  beatMs: undefined,
  staleMs: undefined,
  clock: clockOf(owner),
  more,
})

const none: readonly string[] = []

/** Without the place of a clock, nothing can be behind it. */
export const freeFields = ({ fence, clock, more }: Token): string[] =>
  clock === undefined ? ['f', spellFence(fence)] : ['f', spellFence(fence), clock, ...more]

export const heldFields = (
  { fence, owner, id, staleMs }: Holding,
  beatMs: number,
  more: readonly string[] = none,
): string[] => ['h', spellFence(fence), owner, id, spell(Math.floor(beatMs)), spell(Math.ceil(staleMs)), ...more]

/** Such a hold ends only by proof. */
const never = '-'
const spell = (ms: number): string => (ms === Number.POSITIVE_INFINITY ? never : ms.toString(36))

/** Long numbers take long to spell, and each is spelled at least twice: when the lock is taken, and when it is freed. */
let lastFence = { fence: 0, text: '0' }

function spellFence(fence: number): string {
  if (fence !== lastFence.fence) lastFence = { fence, text: fence.toString(36) }
  return lastFence.text
}

function toNumber(text: string | undefined): number | undefined {
  if (text === never) return Number.POSITIVE_INFINITY
  const number = Number.parseInt(text ?? '', 36)
  return Number.isNaN(number) ? undefined : number
}

export function parseLock(dir: string, { gone, fields }: State): Token {
  const [kind, fence, who, hold, beat, stale, ...rest] = fields
  const number = toNumber(fence)
  const isFree = kind === 'f'
  if (gone || number === undefined || !(isFree || (kind === 'h' && who !== undefined)))
    throw notACell(dir, 'it is a cell, but not a lock')
  if (isFree) {
    const more = fields.length > 3 ? fields.slice(3) : none
    return { fence: number, owner: undefined, hold: undefined, beatMs: undefined, staleMs: undefined, clock: who, more }
  }
  const [beatMs, staleMs] = [toNumber(beat), toNumber(stale)]
  return { fence: number, owner: who, hold, beatMs, staleMs, clock: clockOf(who as string), more: rest }
}

export const isOfHold = ({ fields: [kind, , , hold] }: State, id: string): boolean => kind === 'h' && hold === id
