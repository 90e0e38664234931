// What the token of a lock says: `f.<fence>` (free), or `h.<fence>.<owner>.<hold>` (held).

import type { State } from '../cell/state.js'
import { notACell } from '../cell/transition.js'

export const freeFields = (fence: number): string[] => ['f', fence.toString(36)]

export const heldFields = (fence: number, owner: string, hold: string): string[] => [
  'h',
  fence.toString(36),
  owner,
  hold,
]

export interface Token {
  readonly fence: number
  /** The thread that holds it; undefined if it is free. */
  readonly owner: string | undefined
  /** The hold, as the registry of that thread knows it. */
  readonly hold: string | undefined
}

/** What else a token says is for those that know it. */
export function parseLock(dir: string, { gone, fields: [kind, fence = '', owner, hold] }: State): Token {
  const number = Number.parseInt(fence, 36)
  const isFree = kind === 'f'
  if (gone || Number.isNaN(number) || !(isFree || (kind === 'h' && owner !== undefined)))
    throw notACell(dir, 'it is a cell, but not a lock')
  return isFree ? { fence: number, owner: undefined, hold: undefined } : { fence: number, owner, hold }
}

export const isOfHold = ({ fields: [kind, , , hold] }: State, id: string): boolean => kind === 'h' && hold === id
