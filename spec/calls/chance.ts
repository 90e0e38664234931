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
