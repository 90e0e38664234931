// A lock that this process holds: its heartbeats show that the holder is alive, until the lock is released, or lost. A
// lock is a cell (../cell.ts) with the fields `f.<fence>` (free) or `h.<fence>.<owner>` (held). How it is acquired is
// in ./acquire.ts.

import { type State, successor } from '../cell/state.js'
import { advance, isUnknownOutcome, notACell, readState, type Verdict } from '../cell/transition.js'
import { isSystemError } from '../core/errors.js'
import { fs, pending, type Steps } from '../core/steps.js'
import type { Trial } from '../parts/achieve.js'
import { finishAnyway, uninterruptible } from '../parts/cleanup.js'
import type { Parents } from '../parts/parents.js'
import { nonces } from '../parts/stage-names.js'
import { isLeaseLost, type LostBecause, leaseLostError, lostBecause } from './lease-lost.js'

/** What is locked, and how a call waits for it. */
export interface Locking {
  /** What the lock is about. */
  readonly path: string
  /** The cell beside it. */
  readonly dir: string
  /** How long (ms) a holder that cannot be judged from here may leave its state unchanged until it counts as dead. */
  readonly staleMs: number
  /** Milliseconds between heartbeats. */
  readonly heartbeatMs: number
  /** The directories in which some were made for the cell. */
  readonly parents: Parents | undefined
  /** Runs the steps that create the cell; makes missing directories above it if `parents` says so. */
  readonly create: (steps: () => Steps<Verdict>) => Steps<Verdict>
  readonly trial: Trial
  /** How steps about the lock are run, where not by paths alone (../within.ts). */
  readonly through?: (<T>(steps: Steps<T>) => Steps<T>) | undefined
}

export interface Hold {
  readonly locking: Locking
  readonly fence: number
  readonly owner: string
  /** The state of the cell as far as this thread knows it: each heartbeat changes it. */
  state: State
  over: 'releasing' | 'released' | 'lost' | undefined
  /** What was seen in the place of its state. */
  lostBecause: LostBecause | undefined
  /** Aborted when the lock is lost; made when it is first asked for. */
  loss: AbortController | undefined
  /** Called when the hold is over. */
  readonly whenOver: (() => void)[]
}

/** The hold that a swap of `from` would make. */
export function* nextHold(locking: Locking, from: State | undefined): Steps<Hold> {
  const fence = from ? parseLock(locking.dir, from).fence + 1 : 1
  const owner = yield* fs.self()
  const state = successor(from, { fields: ['h', fence.toString(36), owner] }, yield* nonces())
  return { locking, fence, owner, state, over: undefined, lostBecause: undefined, loss: undefined, whenOver: [] }
}

/** One heartbeat: shows that the holder is alive. @throws `ERR_LEASE_LOST` */
export function* renew(hold: Hold): Steps<void> {
  if (hold.over) throw leaseLost(hold)
  try {
    yield* swapOwn(hold, ['h', hold.fence.toString(36), hold.owner])
  } catch (error) {
    // The lock was released meanwhile, so it is not lost.
    if (hold.over) return
    if (!isUnknownOutcome(error) && !isLeaseLost(error)) throw error
    hold.lostBecause ??= 'the filesystem did not say whether it was kept'
    yield* end(hold, 'lost')
    throw leaseLost(hold)
  }
}

/** Releases the lock. @throws `ERR_LEASE_LOST` */
export function* release(hold: Hold): Steps<void> {
  if (hold.over === 'lost') throw leaseLost(hold)
  if (hold.over) return
  hold.over = 'releasing'
  try {
    yield* swapOwn(hold, ['f', hold.fence.toString(36)])
  } catch (error) {
    // The release may be tried again, unless the lock is lost.
    hold.over = undefined
    if (isUnknownOutcome(error)) hold.lostBecause = 'the filesystem did not say whether it was kept'
    if (isUnknownOutcome(error) || isLeaseLost(error)) yield* end(hold, 'lost')
    throw error
  }
  // If this thread takes the lock again at once, it may start from this state instead of reading it. Not after the
  // first hold, because many locks are taken only once.
  if (hold.fence > 1) yield* fs.remember(hold.locking.dir, hold.state)
  yield* end(hold, 'released')
}

/** Swaps the current state of the hold, also if a heartbeat changes it meanwhile. */
function* swapOwn(hold: Hold, fields: readonly string[]): Steps<void> {
  const { dir, trial } = hold.locking
  for (;;) {
    const to = successor(hold.state, { fields }, yield* nonces())
    if ((yield* advance(dir, hold.state, to, trial)) === 'mine') {
      hold.state = to
      return
    }
    const now = yield* readState(dir, trial)
    if (typeof now === 'string' || !isOfHold(now, hold)) {
      hold.lostBecause = lostBecause(now, hold.fence)
      throw leaseLost(hold)
    }
    hold.state = now
  }
}

const isOfHold = ({ fields: [kind, fence, owner] }: State, hold: Hold): boolean =>
  kind === 'h' && fence === hold.fence.toString(36) && owner === hold.owner

function* end(hold: Hold, how: 'released' | 'lost'): Steps<void> {
  hold.over = how
  yield* fs.engage(hold.locking.dir, -1)
  if (how === 'lost') hold.loss?.abort(leaseLost(hold))
  for (const notify of hold.whenOver) notify()
}

/** A signal that is aborted as soon as the lock is known to be lost. */
export function lossSignal(hold: Hold): AbortSignal {
  hold.loss ??= new AbortController()
  if (hold.over === 'lost') hold.loss.abort(leaseLost(hold))
  return hold.loss.signal
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
    if (!hold.over) yield* ignoreLoss(renew(hold))
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

/** The fence of a lock, and its owner if it is held. */
export function parseLock(
  dir: string,
  { gone, fields: [kind, fence = '', owner] }: State,
): { readonly fence: number; readonly owner: string | undefined } {
  const number = Number.parseInt(fence, 36)
  if (gone || Number.isNaN(number) || kind !== (owner === undefined ? 'f' : 'h'))
    throw notACell(dir, 'it is a cell, but not a lock')
  return { fence: number, owner }
}

const leaseLost = ({ locking: { path }, fence, over, lostBecause: why }: Hold): Error =>
  leaseLostError(path, fence, over === 'released' || why === undefined ? 'it was released' : why)
