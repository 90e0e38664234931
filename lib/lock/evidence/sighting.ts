// What a call that wants a lock (../acquire.ts) has seen of it so far.

import type { PayloadId, State } from '../../cell/state.js'
import { fs, type Steps } from '../../core/steps.js'
import type { Evidence } from '../holder/seen.js'
import type { Hold } from '../job.js'
import type { Token } from '../token.js'
import type { Word } from './witness.js'

export interface Sighting {
  /** The state that it saw last, or what stands for one. */
  nonce: string
  state: State | undefined
  /** How often it has seen that state again. */
  repeats: number
  pauses: number
  /** What it says. */
  token: Token | undefined
  /** The hold of a swap that reported an error. If the cell shows its state, the lock was acquired all the same. */
  unconfirmed: Hold | undefined
  /** Another package holds the lock. */
  isForeign: boolean
  /** The lock is looked up by its descriptor (../place/opened.ts). */
  isPlaced: boolean
  /** What this call would say of itself: written before its first swap. */
  note: PayloadId | undefined
  /** The state that its last swap would consume. */
  from: State | undefined
  /** What has shown that the hold is over; undefined if it was given back, or was this thread's own. */
  evidence: Evidence | undefined
  /** The heartbeat of a holder that cannot be judged, and for how long it has been watched without another. */
  readonly watch: Watch
  /** What it has done so that its turn comes; undefined until it waits. */
  waiting: Waiting | undefined
  /** When it first saw that state (ms), if that is a free lock which is kept for another call. */
  keptSinceMs: number | undefined
  looksOnce: boolean
}

export interface Waiting {
  /** When it first saw that the lock is busy (ms), and the fence at that moment. */
  readonly sinceMs: number
  readonly ticket: number
  /** It may have said in a token that it is the next. */
  isMarked: boolean
  /** The token that it saw last says so. */
  isNext: boolean
  /** The state in which it has tried to say so. */
  tried: string
}

export interface Watch {
  /** Which heartbeat was its last. */
  beat: string
  lookedAtMs: number
  /** For how long (ms) it was seen to make no other. */
  forMs: number
  /** How long the call has wanted to rest since the last look. */
  restMs: number
  /** The holder reads another clock than this thread. */
  isElsewhere: boolean
  /** When it was watched for so long (ms), it is asked what was there before this call, which takes some calls. */
  askAtMs: number
  /** What another call has seen of that heartbeat. */
  word: Word | undefined
}

/** Long enough that those that hold the lock for a moment, one after the other, are not asked about. */
const askAfterMs = 50

export const newSighting = (looksOnce: boolean): Sighting => ({
  nonce: '',
  state: undefined,
  repeats: 0,
  pauses: 0,
  token: undefined,
  unconfirmed: undefined,
  waiting: undefined,
  keptSinceMs: undefined,
  looksOnce,
  isForeign: false,
  isPlaced: false,
  note: undefined,
  from: undefined,
  evidence: undefined,
  watch: {
    beat: '',
    lookedAtMs: 0,
    forMs: 0,
    restMs: 0,
    isElsewhere: false,
    askAtMs: looksOnce ? 0 : askAfterMs,
    word: undefined,
  },
})

/** A swap that reported an error is not waited for any more: if it was done, or is done yet, it holds nothing. */
export function* forget(sighting: Sighting): Steps<void> {
  const { unconfirmed } = sighting
  sighting.unconfirmed = undefined
  if (unconfirmed) yield* fs.holding(unconfirmed.locking.dir, unconfirmed.id, 'leave')
}

/** `state`: undefined if the lock is another package's. */
export function noteState(sighting: Sighting, nonce: string, state: State | undefined): void {
  if (sighting.nonce === nonce) sighting.repeats++
  else Object.assign(sighting, { nonce, state, repeats: 0, keptSinceMs: undefined })
}

/** A machine may sleep between two looks, and on some systems the clock goes on meanwhile. */
const mostBetweenLooksMs = 1000

/** The last heartbeat was this one when it was looked at now. */
export function noteLook(watch: Watch, beat: string, nowMs: number): void {
  const sinceMs = Math.min(nowMs - watch.lookedAtMs, Math.max(mostBetweenLooksMs, 2 * watch.restMs))
  const { askAtMs } = watch
  if (watch.beat === beat) watch.forMs += sinceMs
  // A call that looks once has one look at each.
  else Object.assign(watch, { beat, forMs: 0, askAtMs: Math.min(askAtMs, askAfterMs), word: undefined })
  Object.assign(watch, { lookedAtMs: nowMs, restMs: 0 })
}
