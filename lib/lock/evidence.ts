// What is known of the hold that a lock names. Evidence is about holds, not about processes: a thread that lives may have
// left its lock behind, and one that cannot be seen from here may make its heartbeats.

import { shareClock } from '../core/owner.js'
import { fs, type Steps } from '../core/steps.js'
import type { Locking } from './job.js'
import { type Sighting, unchangedMs } from './sighting.js'
import type { Token } from './token.js'

/** Is the hold over, or its owner dead; or, if that cannot be known here, was it silent for as long as it had said? */
export function* isOver(token: Token, locking: Locking, sighting: Sighting): Steps<boolean> {
  const { owner, hold } = token
  if (owner === undefined) return true
  const me = yield* fs.thread()
  if (hold !== undefined && owner === me) return !(yield* fs.holding(hold))
  const alive = yield* fs.alive(owner)
  if (alive !== undefined) return !alive
  // The holder has promised its heartbeats, so how often they come is not for those that wait to say.
  const staleMs = token.staleMs ?? locking.staleMs
  if (staleMs === Number.POSITIVE_INFINITY) return false
  const nowMs = yield* fs.now()
  if (isBehind(token, me, nowMs, staleMs)) return true
  return unchangedMs(sighting, token, nowMs) >= staleMs
}

/** Was its last heartbeat made too long ago, on a clock that it shares with this thread? */
const isBehind = ({ owner, beatMs }: Token, me: string, nowMs: number, staleMs: number): boolean =>
  owner !== undefined && beatMs !== undefined && shareClock(owner, me) && nowMs - beatMs >= staleMs
