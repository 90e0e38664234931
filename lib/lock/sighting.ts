// What a call that wants a lock (./acquire.ts) has seen of it so far.

import type { State } from '../cell/state.js'
import { fs, type Steps } from '../core/steps.js'
import type { Hold } from './hold.js'

export interface Sighting {
  /** The state that it saw last. */
  nonce: string
  /** Since when it has seen that state; measured only where it matters. */
  sinceMs: number | undefined
  /** How often it has seen that state again. */
  repeats: number
  pauses: number
  /** The hold of a swap that reported an error. If the cell shows its state, the lock was acquired all the same. */
  unconfirmed: Hold | undefined
}

export const newSighting = (): Sighting => ({
  nonce: '',
  sinceMs: undefined,
  repeats: 0,
  pauses: 0,
  unconfirmed: undefined,
})

/** A swap that reported an error is not waited for any more: if it was done, or is done yet, it holds nothing. */
export function* forget(sighting: Sighting): Steps<void> {
  const { unconfirmed } = sighting
  sighting.unconfirmed = undefined
  if (unconfirmed) yield* fs.holding(unconfirmed.id, 'leave')
}

export function noteState(sighting: Sighting, { nonce }: State): void {
  if (sighting.nonce === nonce) sighting.repeats++
  else Object.assign(sighting, { nonce, sinceMs: undefined, repeats: 0 })
}
