// Orders that look random and are the same for the same seed.

import { seeded } from '../support/seeded.js'

export const newSeed = (): number => Math.floor(Math.random() * 2 ** 32)

/** The same things in an order that the seed decides. */
export function shuffled<T>(things: readonly T[], seed: number): T[] {
  const next = seeded(seed)
  return things
    .map(thing => ({ thing, at: next(2 ** 32) }))
    .sort((a, b) => a.at - b.at)
    .map(({ thing }) => thing)
}

/** One of each list, then the second of each, and so on. */
export function* inTurns<T>(lists: readonly (readonly T[])[]): Generator<T> {
  const longest = Math.max(0, ...lists.map(({ length }) => length))
  for (let at = 0; at < longest; at++) for (const list of lists) if (at < list.length) yield list[at] as T
}
