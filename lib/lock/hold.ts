// A lock that is ours: shown to be alive by heartbeats, given back in the end, or lost. A lock is a cell (../cell.ts), which
// is `f.<fence>`, free, or `h.<fence>.<owner>`, held. How it is got is in ./acquire.ts.

import { type State, successor } from '../cell/state.js'
import { advance, notACell, readState, type Verdict } from '../cell/transition.js'
import { isSystemError } from '../core/errors.js'
import { fs, pending, type Steps } from '../core/steps.js'
import type { Trial } from '../parts/achieve.js'
import { finishAnyway, uninterruptible } from '../parts/cleanup.js'
import { nonces } from '../parts/stage-names.js'

/** What is locked, and how it is waited for. */
export interface Locking {
  /** What the lock is about, and the cell beside it. */
  readonly path: string
  readonly dir: string
  /** Milliseconds of an unchanged state after which a holder that cannot be judged is taken for dead. */
  readonly staleMs: number
  /** Milliseconds after which a holder shows that it lives. */
  readonly heartbeatMs: number
  /** Makes the cell, whose directory may be missing. */
  readonly begin: (steps: () => Steps<Verdict>) => Steps<Verdict>
  readonly trial: Trial
}

export interface Hold {
  readonly locking: Locking
  readonly fence: number
  readonly owner: string
  /** As far as is known: heartbeats change it. */
  state: State
  over: 'releasing' | 'released' | 'lost' | undefined
  /** Aborted if it is lost; made when somebody wants to know. */
  loss: AbortController | undefined
  /** Told when it is over. */
  readonly whenOver: (() => void)[]
}

/** What will be held, if `from` is still the state by then. */
export function* nextHold(locking: Locking, from: State | undefined): Steps<Hold> {
  const fence = from ? parseLock(locking.dir, from).fence + 1 : 1
  const owner = yield* fs.self()
  const state = successor(from, { fields: ['h', fence.toString(36), owner] }, yield* nonces())
  return { locking, fence, owner, state, over: undefined, loss: undefined, whenOver: [] }
}

/** Shows that the holder lives. @throws `ERR_LEASE_LOST` */
export function* renew(hold: Hold): Steps<void> {
  if (hold.over) throw leaseLost(hold)
  try {
    yield* swapOwn(hold, ['h', hold.fence.toString(36), hold.owner])
  } catch (error) {
    // Released meanwhile: that was no loss.
    if (hold.over) return
    if (!isUnknownOutcome(error) && !isLoss(error)) throw error
    yield* end(hold, 'lost')
    throw leaseLost(hold)
  }
}

/** Gives it back. @throws `ERR_LEASE_LOST` */
export function* release(hold: Hold): Steps<void> {
  if (hold.over === 'lost') throw leaseLost(hold)
  if (hold.over) return
  hold.over = 'releasing'
  try {
    yield* swapOwn(hold, ['f', hold.fence.toString(36)])
  } catch (error) {
    // It may be tried again, unless it is gone.
    hold.over = undefined
    if (isUnknownOutcome(error) || isLoss(error)) yield* end(hold, 'lost')
    throw error
  }
  // Whoever takes it again at once need not look first, once he has seen it.
  if (hold.fence > 1) yield* fs.remember(hold.locking.dir, hold.state)
  yield* end(hold, 'released')
}

/** Swaps the state that is ours, whatever heartbeat made it. */
function* swapOwn(hold: Hold, fields: readonly string[]): Steps<void> {
  const { dir, trial } = hold.locking
  for (;;) {
    const to = successor(hold.state, { fields }, yield* nonces())
    if ((yield* advance(dir, hold.state, to, trial)) === 'mine') {
      hold.state = to
      return
    }
    const now = yield* readState(dir, trial)
    if (typeof now === 'string' || !isOurs(now, hold)) throw leaseLost(hold)
    hold.state = now
  }
}

const isOurs = ({ fields: [kind, fence, owner] }: State, hold: Hold): boolean =>
  kind === 'h' && fence === hold.fence.toString(36) && owner === hold.owner

function* end(hold: Hold, how: 'released' | 'lost'): Steps<void> {
  hold.over = how
  yield* fs.engage(hold.locking.dir, -1)
  if (how === 'lost') hold.loss?.abort(leaseLost(hold))
  for (const tell of hold.whenOver) tell()
}

/** Aborted as soon as it is known that it is lost. */
export function lossSignal(hold: Hold): AbortSignal {
  hold.loss ??= new AbortController()
  if (hold.over === 'lost') hold.loss.abort(leaseLost(hold))
  return hold.loss.signal
}

/**
 * What a user's callback answers, and heartbeats for as long as that takes. A loss is told by `lossOf`, and by whatever is
 * done with the hold afterwards.
 */
export function* attended<T>(hold: Hold, answer: T | PromiseLike<T>): Steps<Awaited<T>> {
  for (;;) {
    const settled = yield* fs.settle(answer, hold.locking.heartbeatMs)
    if (settled !== pending) return settled
    // One that fails is followed by another.
    if (!hold.over) yield* ignoreLoss(renew(hold))
  }
}

/**
 * Runs steps while the lock is held, and gives it back afterwards. If the steps fail, their own error comes out, whatever
 * becomes of the lock. Steps that wait for a promise must wait for it `attended`.
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

/** Best effort, for steps that concern the lock alone: ignores system errors, and that the lock is lost. */
export function* ignoreLoss(steps: Steps<void>): Steps<void> {
  try {
    yield* steps
  } catch (error) {
    if (!isSystemError(error) && !isUnknownOutcome(error) && !isLoss(error)) throw error
  }
}

/** Whose it is, if it is held. */
export function parseLock(
  dir: string,
  { gone, fields: [kind, fence = '', owner] }: State,
): { readonly fence: number; readonly owner: string | undefined } {
  const number = Number.parseInt(fence, 36)
  if (gone || Number.isNaN(number) || kind !== (owner === undefined ? 'f' : 'h'))
    throw notACell(dir, 'a cell that is no lock')
  return { fence: number, owner }
}

export const isUnknownOutcome = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException)?.code === 'ERR_UNKNOWN_OUTCOME'

const isLoss = (error: unknown): boolean => (error as NodeJS.ErrnoException)?.code === 'ERR_LEASE_LOST'

const leaseLost = ({ locking: { path }, fence, over }: Hold): Error => {
  const why = over === 'released' ? 'it was released' : 'another has taken it over'
  return Object.assign(new Error(`The lock is not held any more, because ${why}: ${path} (fence ${fence})`), {
    code: 'ERR_LEASE_LOST',
    path,
  })
}
