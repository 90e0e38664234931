// A lock that this process holds: its heartbeats show that the holder is alive, until the lock is released, or lost. A
// lock is a cell (../cell.ts), whose fields are in ./token.ts. How it is acquired is in ./acquire.ts.

import { type State, successor } from '../cell/state.js'
import { isUnknownOutcome } from '../cell/transition.js'
import { registry } from '../core/disk.js'
import { isSystemError } from '../core/errors.js'
import { isInterruption } from '../core/interruption.js'
import { fs, pending, type Steps } from '../core/steps.js'
import { finishAnyway, uninterruptible } from '../parts/cleanup.js'
import { nonces } from '../parts/stage-names.js'
import { isPast, nextFence } from './fence.js'
import type { Hold, Locking } from './job.js'
import { isLeaseLost, leaseStaleError } from './lease-lost.js'
import { releaseLater, releaseOrphan } from './orphan.js'
import { freeOwn, leaseLost, removeOwn, swapOwn } from './own-state.js'
import { heldFields, parseLock } from './token.js'
import { carriedOn, isKept } from './want.js'

export type { Hold, Locking } from './job.js'

/** The hold that a swap of `from` would make. */
export function* nextHold(locking: Locking, from: State): Steps<Hold> {
  const owner = yield* fs.thread()
  const token = parseLock(locking.dir, from)
  const fence = yield* nextFence(locking.dir, token, owner)
  const id = yield* nonces()
  const { staleMs } = locking
  const holding = { fence, owner, id, staleMs }
  const beatMs = yield* fs.now()
  const state = successor(from, { fields: heldFields(holding, beatMs, carriedOn(token, fence, owner)) }, id)
  const fresh = { over: undefined, lostBecause: undefined, silence: undefined, loss: undefined, whenOver: [] }
  // Not spread, which takes longer than all the rest.
  return Object.assign(fresh, { locking, fence, owner, id, staleMs, beatMs, state })
}

/** One heartbeat: shows that the holder is alive. @throws `ERR_LEASE_LOST` */
export function* renew(hold: Hold): Steps<void> {
  if (hold.over) throw leaseLost(hold)
  try {
    const beatMs = yield* fs.now()
    yield* swapOwn(hold, ({ more }) => heldFields(hold, beatMs, more))
    hold.beatMs = beatMs
  } catch (error) {
    // The lock was released meanwhile, so it is not lost.
    if (hold.over) return
    if (!isUnknownOutcome(error) && !isLeaseLost(error)) throw error
    hold.lostBecause ??= 'the filesystem did not say whether it was kept'
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
    if (isUnknownOutcome(error)) hold.lostBecause = 'the filesystem did not say whether it was kept'
    if (isUnknownOutcome(error) || isLeaseLost(error)) yield* end(hold, 'lost')
    else if (isSystemError(error)) {
      yield* end(hold, 'abandoned')
      yield* releaseLater(hold)
    }
    throw error
  }
  // If this thread takes the lock again at once, it may start from this state instead of reading it. Not after the
  // first hold, because many locks are taken only once; nor if the lock is kept for another call.
  if (hold.state.version > firstReleased && !remove && !isKept(hold.state))
    yield* fs.remember(hold.locking.dir, hold.state)
  yield* end(hold, 'released')
}

/** The version of a state: born, held, free again. */
const firstReleased = 3

function* removeOrFree(hold: Hold): Steps<void> {
  if (!(yield* isPast(hold.locking.dir, hold.fence)) || !(yield* removeOwn(hold))) yield* freeOwn(hold)
}

function* end(hold: Hold, how: 'released' | 'abandoned' | 'lost'): Steps<void> {
  hold.over = how
  yield* fs.holding(hold.locking.dir, hold.id, 'leave')
  if (how === 'lost') hold.loss?.abort(leaseLost(hold))
  for (const notify of hold.whenOver) notify()
}

/** Runs a user's function under the lock. What it calls does not wait for the lock (./acquire.ts). */
export const inside = <T>(hold: Hold, work: () => T): T => registry.inside(hold.id, work)

/** A signal that is aborted as soon as the lock is known to be lost, or may be. */
export function lossSignal(hold: Hold): AbortSignal {
  hold.loss ??= new AbortController()
  if (hold.over === 'lost') hold.loss.abort(leaseLost(hold))
  else if (hold.silence) hold.loss.abort(hold.silence)
  return hold.loss.signal
}

/** No heartbeat was made for so long that others may take the lock over. */
export function reportSilence(hold: Hold, cause: unknown): void {
  if (hold.over || hold.silence) return
  hold.silence = leaseStaleError(hold.locking.path, hold.fence, hold.staleMs, cause)
  hold.loss?.abort(hold.silence)
}

/**
 * Waits for what a user's callback returned, and makes heartbeats meanwhile. If the lock is lost, `lossSignal` reports
 * it, and so does whatever is done with the hold afterwards.
 */
export function* attended<T>(hold: Hold, value: T | PromiseLike<T>): Steps<Awaited<T>> {
  for (;;) {
    const settled = yield* fs.settle(value, hold.locking.heartbeatMs)
    if (settled !== pending) return settled
    // A heartbeat that fails is followed by another.
    if (!hold.over) yield* beat(hold)
  }
}

/** Makes a heartbeat. If that fails, and none was made for too long, `lossSignal` reports it. */
export function* beat(hold: Hold): Steps<void> {
  try {
    yield* renew(hold)
  } catch (error) {
    if (!isSystemError(error) && !isUnknownOutcome(error) && !isLeaseLost(error)) throw error
    if ((yield* fs.now()) - hold.beatMs >= hold.staleMs) reportSilence(hold, error)
  }
}

/**
 * Runs steps while the lock is held, and releases it afterwards. If the steps fail, their own error is thrown, whatever
 * happens to the lock. Steps that wait for a promise must do so in `attended`, which makes the heartbeats.
 */
export function* whileHeld<T>(hold: Hold, steps: (hold: Hold) => Steps<T>): Steps<T> {
  let result: T
  try {
    result = yield* steps(hold)
  } catch (error) {
    yield* uninterruptible(() => ignoreLoss(release(hold)))
    throw error
  }
  yield* finishAnyway(() => release(hold))
  return result
}

/** Best effort, for steps that are about the lock alone: ignores system errors, and the loss of the lock. */
export function* ignoreLoss(steps: Steps<void>): Steps<void> {
  try {
    yield* steps
  } catch (error) {
    if (!isSystemError(error) && !isUnknownOutcome(error) && !isLeaseLost(error)) throw error
  }
}
