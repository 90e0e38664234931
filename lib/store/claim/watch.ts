// Is the holder of a claim dead? Evidence says it where there is any. Elsewhere a claim is watched: its holder makes
// heartbeats, which change the state.

import { fs, type Steps } from '../../core/steps.js'
import type { Backing, Claim, Kept } from '../backing.js'

/** What a call that waits has seen of a claim. */
export interface Watch {
  /** The state that it saw last. */
  id: string
  lookedAtMs: number
  /** For how long (ms) it was seen to stay the same. */
  forMs: number
  /** How long the call has wanted to rest since the last look. */
  restMs: number
  pauses: number
  /** Nothing is known of the holder but what is watched. */
  isWatched: boolean
}

export const newWatch = (): Watch => ({ id: '', lookedAtMs: 0, forMs: 0, restMs: 0, pauses: 0, isWatched: false })

export interface Claimed extends Kept {
  readonly claim: Claim
}

export const isClaimed = (now: Kept | undefined): now is Claimed => now?.claim !== undefined

/** Is the holder dead, or, if that cannot be known here, was it silent for as long as it had said? */
export function* isOver({ claims }: Backing, { id, claim }: Claimed, watch: Watch): Steps<boolean> {
  // A claim of this thread may have been left behind by a call that never knew that it had made it.
  const isOwn = claim.owner === (yield* claims.self())
  const alive = isOwn ? undefined : yield* claims.alive(claim.owner)
  watch.isWatched = alive === undefined
  if (alive !== undefined) return !alive
  noteLook(watch, id, yield* fs.now())
  return watch.forMs >= claim.leaseMs
}

/** A machine may sleep between two looks, and on some systems the clock goes on meanwhile. */
const mostBetweenLooksMs = 1000

/** Measured on the watcher's own monotonic clock, so that no clocks of two machines are compared. */
function noteLook(watch: Watch, id: string, nowMs: number): void {
  const sinceMs = Math.min(nowMs - watch.lookedAtMs, Math.max(mostBetweenLooksMs, 2 * watch.restMs))
  if (watch.id === id) watch.forMs += sinceMs
  else Object.assign(watch, { id, forMs: 0, pauses: 0 })
  Object.assign(watch, { lookedAtMs: nowMs, restMs: 0 })
}

/** Most work is short, so the first looks come soon. */
const firstPauseMs = 5
/**
 * Where the death of a holder can be seen, the next one begins soon after it: nothing changes when a process dies. The system
 * itself takes some milliseconds to end one, and on a busy machine many.
 */
const mostPauseMs = 10
/** There, only a change of the state says anything. */
const mostWatchedPauseMs = 100

/** Waits until the key may have changed, each time longer. `mostMs`: when the call wants to look in any case. */
export function* pause(backing: Backing, key: string, { claim }: Claimed, watch: Watch, mostMs: number): Steps<void> {
  const [byte = 0] = yield* fs.random(1)
  const longestMs = watch.isWatched ? Math.min(mostWatchedPauseMs, claim.leaseMs / 10) : mostPauseMs
  const ms = Math.min(firstPauseMs * 2 ** watch.pauses++, longestMs) * (0.5 + byte / 256)
  watch.restMs += ms
  yield* backing.changed(key, Math.max(1, Math.min(ms, mostMs)))
}
