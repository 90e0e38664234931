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
  /** When it was taken (ms), on the same clock. */
  readonly sinceMs: number | undefined
  /** For how long (ms) it may be silent until it counts as dead for those that cannot judge it; undefined if it does not say. */
  readonly staleMs: number | undefined
  /** The place of the clock of the thread that wrote it. */
  readonly clock: string | undefined
  readonly more: readonly string[]
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

export const freeFields = (fence: number, owner: string, more: readonly string[] = []): string[] => {
  const clock = clockOf(owner)
  // Without a place, nothing can be behind it.
  return ['f', spell(fence), ...(clock === undefined ? [] : [clock, ...more])]
}

export const heldFields = (
  { fence, owner, id, staleMs, sinceMs }: Holding,
  beatMs: number,
  more: readonly string[] = [],
): string[] => ['h', spell(fence), owner, id, spellBeat(beatMs, sinceMs), spell(Math.ceil(staleMs)), ...more]

/** A heartbeat is spelled as the time of taking, and the time since then: most locks make none. */
function spellBeat(beatMs: number, sinceMs = beatMs): string {
  const since = spell(Math.floor(sinceMs))
  return beatMs === sinceMs ? since : `${since}-${spell(Math.ceil(beatMs - sinceMs))}`
}

function parseBeat(spelled = ''): { readonly sinceMs: number | undefined; readonly beatMs: number | undefined } {
  const sinceMs = toNumber(spelled)
  const dash = spelled.indexOf('-')
  const laterMs = dash < 0 || sinceMs === undefined ? 0 : toNumber(spelled.slice(dash + 1))
  return { sinceMs, beatMs: laterMs === undefined || sinceMs === undefined ? undefined : sinceMs + laterMs }
}

/** Such a hold ends only by proof. */
const never = '-'
const spell = (ms: number): string => (ms === Number.POSITIVE_INFINITY ? never : ms.toString(36))

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
  if (isFree) return { ...free, fence: number, clock: who, more: fields.slice(3) }
  const { sinceMs, beatMs } = parseBeat(beat)
  const staleMs = toNumber(stale)
  return { fence: number, owner: who, hold, beatMs, sinceMs, staleMs, clock: clockOf(who as string), more: rest }
}

const free = { owner: undefined, hold: undefined, beatMs: undefined, sinceMs: undefined, staleMs: undefined }

export const isOfHold = ({ fields: [kind, , , hold] }: State, id: string): boolean => kind === 'h' && hold === id
