// A lock that this process holds: its heartbeats show that the holder is alive, until the lock is released, or lost. A
// lock is a cell (../cell.ts), whose fields are in ./token.ts. How it is acquired is in ./acquire.ts.

import type { PayloadId } from '../cell/state.js'
import { isNotACell, isUnknownOutcome } from '../cell/transition.js'
import { isSystemError } from '../core/errors.js'
import { isInterruption } from '../core/interruption.js'
import { fs, type Steps } from '../core/steps.js'
import { uninterruptible } from '../parts/cleanup.js'
import { isPast } from './fence.js'
import type { Hold } from './job.js'
import { isLeaseLost } from './lease/lease-lost.js'
import { releaseLater, releaseOrphan } from './orphan.js'
import { freed, freeOwn, leaseLost, removeOwn, swapOwn } from './own-state.js'
import { explainDenial, isDenied } from './place/denied.js'
import { isRemovable } from './place/own-directory.js'
import { isCounted } from './slots/counted.js'
import { heldFields, type Known } from './token.js'
import { isWantedBy } from './turn/want.js'
import { releaseWhole, renewWhole } from './whole.js'

export type { Hold, Locking } from './job.js'
export { lossSignal, reportSilence } from './lease/loss.js'

/** One heartbeat: shows that the holder is alive. @throws `ERR_LEASE_LOST` */
export function* renew(hold: Hold): Steps<void> {
  if (hold.over) throw leaseLost(hold)
  if (hold.parts) return yield* renewWhole(hold, renew)
  yield* beatOnce(hold)
  if (hold.locking.slot && !hold.over && !(yield* isCounted(hold))) yield* loseUncounted(hold)
  refuseLost(hold)
}

/** A heartbeat beside this call may have found the loss first. */
function refuseLost(hold: Hold): void {
  if (hold.over === 'lost') throw leaseLost(hold)
}

/** The slot is held, but a call that takes the lock alone does not ask for it. */
function* loseUncounted(hold: Hold): Steps<void> {
  yield* uninterruptible(() => ignoreLoss(freeOwn(hold)))
  hold.lost ??= { because: 'its directory is gone' }
  yield* end(hold, 'lost')
  throw leaseLost(hold)
}

/** Makes a heartbeat, which may bring a note. Returns false if the lock was released meanwhile. @throws `ERR_LEASE_LOST` */
export function* beatOnce(hold: Hold, note?: PayloadId): Steps<boolean> {
  refuseLost(hold)
  // What a release has made of the state is not ours to swap.
  if (hold.over) return false
  try {
    const beatMs = yield* fs.now()
    yield* swapOwn(hold, () => heldFields(hold, beatMs, hold.more), note)
    hold.beatMs = beatMs
    return true
  } catch (error) {
    refuseLost(hold)
    if (hold.over) return false
    if (!isUnknownOutcome(error) && !isLeaseLost(error)) throw error
    hold.lost ??= { because: 'the filesystem did not say whether it was kept' }
    yield* end(hold, 'lost')
    throw leaseLost(hold)
  }
}

export interface ReleaseOptions {
  /**
   * Removes the lock's directory, too, if it can be known that no later fence will be as small. Otherwise, and if another
   * call waits for the lock, it stays. @default false
   */
  readonly remove?: boolean | undefined
}

/** Releases the lock. @throws `ERR_LEASE_LOST` */
export function* release(hold: Hold, { remove = false }: ReleaseOptions = {}): Steps<void> {
  if (hold.parts) return yield* releaseWhole(hold, part => release(part, { remove }))
  if (hold.over === 'lost') throw leaseLost(hold)
  if (hold.over === 'abandoned') yield* releaseOrphan(hold)
  if (hold.over) return
  hold.over = 'releasing'
  try {
    yield* uninterruptible(() => (remove ? removeOrFree(hold) : freeOwn(hold)))
  } catch (error) {
    hold.over = undefined
    // It was too late for that.
    if (isInterruption(error)) yield* end(hold, 'released')
    if (isUnknownOutcome(error)) hold.lost = { because: 'the filesystem did not say whether it was kept' }
    if (isUnknownOutcome(error) || isLeaseLost(error)) yield* end(hold, 'lost')
    else if (isSystemError(error)) {
      yield* end(hold, 'abandoned')
      yield* releaseLater(hold)
      if (isDenied(error)) yield* explainDenial(error, hold.locking)
    }
    throw error
  }
  // Before anything that may be interrupted.
  yield* end(hold, 'released')
  // If this thread takes the lock again at once, it may start from this state instead of reading it. Not after the
  // first hold, because many locks are taken only once; nor if the lock is kept for another call.
  const { state } = hold
  if (state.version > firstReleased && !remove && !isWantedBy(hold.more))
    yield* fs.remember(hold.locking.dir, { state, token: freed(hold) } satisfies Known)
}

/** The version of a state: born, held, free again. */
const firstReleased = 3

function* removeOrFree(hold: Hold): Steps<void> {
  const { dir } = hold.locking
  const mayBeRemoved = (yield* isRemovable(dir)) && (yield* isPast(dir, hold.fence))
  if (!mayBeRemoved || !(yield* removeOwn(hold))) yield* freeOwn(hold)
}

function* end(hold: Hold, how: 'released' | 'abandoned' | 'lost'): Steps<void> {
  hold.over = how
  yield* fs.holding(hold.locking.dir, hold.id, 'leave')
  if (how === 'lost') hold.loss?.abort(leaseLost(hold))
  for (const notify of hold.whenOver) notify()
}

/** Is it an error that comes of the state of the lock, or of its filesystem? */
export const isAboutLock = (error: unknown): boolean =>
  isSystemError(error) || isUnknownOutcome(error) || isLeaseLost(error) || isNotACell(error)

/** Best effort, for steps that are about the lock alone: ignores system errors, and the loss of the lock. */
export function* ignoreLoss(steps: Steps<void>): Steps<void> {
  try {
    yield* steps
  } catch (error) {
    if (!isAboutLock(error)) throw error
  }
}
