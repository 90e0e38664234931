// What is known of the hold that a lock names. Evidence is about holds, not about processes: a thread that lives may have
// left its lock behind, and one that cannot be seen from here may make its heartbeats.

import { type State, spellState } from '../cell/state.js'
import { isSystemError } from '../core/errors.js'
import { clockOf, shareClock } from '../core/owner-words.js'
import { fs, type Steps } from '../core/steps.js'
import { msSinceRename } from '../parts/filesystem-clock.js'
import { noteLook, type Sighting } from './evidence/sighting.js'
import { beatOf, leaveWord, readWord } from './evidence/witness.js'
import type { Evidence } from './holder/seen.js'
import type { Locking } from './job.js'
import type { Token } from './token.js'

/** Is the hold over, or its owner dead; or, if that cannot be known here, was it silent for as long as it had said? */
export function* isOver(state: State, token: Token, locking: Locking, sighting: Sighting): Steps<boolean> {
  const { owner, hold } = token
  sighting.evidence = undefined
  if (owner === undefined) return true
  const me = yield* fs.thread()
  if (hold !== undefined && owner === me) return !(yield* fs.holding(locking.dir, hold))
  const alive = yield* fs.alive(owner)
  if (alive !== undefined) return because(sighting, 'dead', !alive)
  // The holder has promised its heartbeats, so how often they come is not for those that wait to say.
  const staleMs = token.staleMs ?? locking.staleMs
  if (staleMs === Number.POSITIVE_INFINITY) return false
  const nowMs = yield* fs.now()
  if (isBehind(token, me, nowMs, staleMs)) return because(sighting, 'beat')
  const { watch } = sighting
  // Measured on our own monotonic clock, so that no clocks of two machines are compared.
  noteLook(watch, beatOf(token), nowMs)
  if (watch.forMs >= staleMs) return because(sighting, 'watched')
  // On one machine the beat says more; and where a clock goes on while the machine sleeps, so do all that others have seen.
  watch.isElsewhere = clockOf(owner) !== clockOf(me)
  return watch.isElsewhere && watch.forMs >= watch.askAtMs && (yield* wasSilent(state, locking, sighting, staleMs))
}

/** Keeps what has shown it. */
function because(sighting: Sighting, evidence: Evidence, isOver = true): boolean {
  if (isOver) sighting.evidence = evidence
  return isOver
}

/** Was its last heartbeat made too long ago, on a clock that it shares with this thread? */
const isBehind = ({ owner, beatMs }: Token, me: string, nowMs: number, staleMs: number): boolean =>
  owner !== undefined && beatMs !== undefined && shareClock(owner, me) && nowMs - beatMs >= staleMs

/** The filesystem's clock may be set while the lock is held, a little. */
export const marginMs = 2000

/** What was there before this call: an earlier call may have seen the same, and the filesystem knows since when it is there. */
function* wasSilent(state: State, { dir }: Locking, sighting: Sighting, staleMs: number): Steps<boolean> {
  const { watch } = sighting
  watch.word ??= yield* readWord(dir, watch.beat)
  const seenForMs = watch.word ? watch.lookedAtMs - watch.word.seenAtMs : 0
  if (seenForMs >= staleMs) return because(sighting, 'witnessed')
  const enoughMs = staleMs + marginMs
  const ageMs = yield* orUnknown(msSinceRename(`${dir}/${spellState(state)}`, dir, enoughMs))
  if (ageMs !== undefined && ageMs >= enoughMs) return because(sighting, 'file-time')
  watch.askAtMs = watch.forMs + Math.min(staleMs - seenForMs, ageMs === undefined ? staleMs : enoughMs - ageMs)
  return false
}

/** Where nothing can be made beside the lock, its filesystem does not say what time it is. */
export function* orUnknown<T>(steps: Steps<T>): Steps<T | undefined> {
  try {
    return yield* steps
  } catch (error) {
    if (isSystemError(error)) return undefined
    throw error
  }
}

/** A call gives up: what it has seen of a holder elsewhere is left for later calls. */
export function* leaveEvidence({ dir }: Locking, { watch }: Sighting): Steps<void> {
  const { beat, isElsewhere, lookedAtMs, forMs } = watch
  if (!isElsewhere || (watch.word ?? (yield* readWord(dir, beat)))) return
  yield* leaveWord(dir, { beat, seenAtMs: lookedAtMs - forMs })
}
