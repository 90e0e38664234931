// What a call that wants a lock (./acquire.ts) has seen of it so far.

import type { State } from '../cell/state.js'
import { fs, type Steps } from '../core/steps.js'
import type { Hold } from './job.js'
import type { Token } from './token.js'

export interface Sighting {
  /** The state that it saw last. */
  nonce: string
  /** How often it has seen that state again. */
  repeats: number
  pauses: number
  /** The hold of a swap that reported an error. If the cell shows its state, the lock was acquired all the same. */
  unconfirmed: Hold | undefined
  /** The heartbeat of a holder that cannot be judged, and for how long it has been watched without another. */
  readonly watch: Watch
}

interface Watch {
  beat: string
  lookedAtMs: number
  forMs: number
  /** How long the call has wanted to rest since the last look. */
  restMs: number
}

export const newSighting = (): Sighting => ({
  nonce: '',
  repeats: 0,
  pauses: 0,
  unconfirmed: undefined,
  watch: { beat: '', lookedAtMs: 0, forMs: 0, restMs: 0 },
})

/** A swap that reported an error is not waited for any more: if it was done, or is done yet, it holds nothing. */
export function* forget(sighting: Sighting): Steps<void> {
  const { unconfirmed } = sighting
  sighting.unconfirmed = undefined
  if (unconfirmed) yield* fs.holding(unconfirmed.id, 'leave')
}

export function noteState(sighting: Sighting, { nonce }: State): void {
  if (sighting.nonce === nonce) sighting.repeats++
  else Object.assign(sighting, { nonce, repeats: 0 })
}

/** A machine may sleep between two looks, and on some systems the clock goes on meanwhile. */
const mostBetweenLooksMs = 1000

/**
 * For how long (ms) the holder was seen to make no heartbeat. Measured on our own monotonic clock, so that no clocks of
 * two machines are compared.
 */
export function unchangedMs({ watch }: Sighting, { hold, beatMs, fence }: Token, nowMs: number): number {
  const beat = `${fence}.${hold}.${beatMs}`
  const sinceMs = Math.min(nowMs - watch.lookedAtMs, Math.max(mostBetweenLooksMs, 2 * watch.restMs))
  const forMs = watch.beat === beat ? watch.forMs + sinceMs : 0
  Object.assign(watch, { beat, lookedAtMs: nowMs, forMs, restMs: 0 })
  return forMs
}
