// The hold that a call would take next, with what it says of itself (./note.ts). That is written once for each call,
// before its first swap.

import type { State } from '../cell/state.js'
import type { Steps } from '../core/steps.js'
import { nextHold } from './hold.js'
import type { Hold, Locking } from './job.js'
import { tryWriteNote } from './note.js'
import type { Sighting } from './sighting.js'

/** The hold that this call's swap of `from` would make. */
export function nextHoldBy(locking: Locking, from: State, sighting: Sighting): Steps<Hold> {
  sighting.from = from
  return locking.label === undefined ? nextHold(locking, from) : nextLabelled(locking, from, sighting)
}

function* nextLabelled(locking: Locking, from: State, sighting: Sighting): Steps<Hold> {
  sighting.note ??= yield* tryWriteNote(locking)
  return yield* nextHold(locking, from, sighting.note)
}
