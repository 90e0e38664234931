// How long a store object lives. When it is closed, it gives back what was taken through it, as claims.

import type { Steps } from '../core/steps.js'

export interface Life {
  /** It was closed. */
  isOver: boolean
  /** What is given back when it is closed: an entry leaves when it has been given back otherwise. */
  readonly held: Set<() => Steps<void>>
  /** That of the store which this one is a wrapper of: if that is closed, so is this. */
  readonly inside: Life | undefined
}

export const newLife = (inside?: Life): Life => ({ isOver: false, held: new Set(), inside })

/** Has the life given back, when it ends, what was taken. Returns how to leave before that. */
export function holdFor(life: Life, giveBack: () => Steps<void>): () => void {
  for (let one: Life | undefined = life; one; one = one.inside) one.held.add(giveBack)
  return () => {
    for (let one: Life | undefined = life; one; one = one.inside) one.held.delete(giveBack)
  }
}

/** Each call asks, so it makes nothing. */
export function isOpen(life: Life): boolean {
  for (let one: Life | undefined = life; one; one = one.inside) if (one.isOver) return false
  return true
}

export function checkOpen(life: Life): void {
  if (!isOpen(life)) throw Object.assign(new Error('The store was closed'), { code: 'ERR_STORE_CLOSED' })
}
