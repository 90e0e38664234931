// Ends a hold by force, for support: of a holder that cannot be judged, or that hangs.

import { successor } from '../cell/state.js'
import { advance, readState } from '../cell/transition.js'
import { asNumber, refusal } from '../core/input.js'
import { fs, type Steps } from '../core/steps.js'
import { nonces } from '../parts/stage-names.js'
import { withBreak } from './break/broken.js'
import { nextFence } from './fence.js'
import { holdersOf } from './holder/holders.js'
import { removeNote } from './holder/note.js'
import { describeHolder, type Holder } from './holder.js'
import type { Locking } from './job.js'
import { inOpened } from './place/opened.js'
import { whoseIs } from './place/own-directory.js'
import { type PlaceOptions, settlePlace } from './place.js'
import { carrySlots, slotCountOf } from './slots/slot-count.js'
import { slotOf } from './slots.js'
import { freeFields, freeToken, type Known, parseLock, type Token } from './token.js'

export interface BreakOptions extends PlaceOptions {
  /** The fence of the hold that is to end, as `lock.holder` returns it: no other hold is ended. */
  readonly fence: number
}

export function asFence(value: unknown): number {
  const fence = asNumber(value, 'options.fence', Number.NaN)
  if (!Number.isInteger(fence)) throw refusal('ERR_INVALID_ARG_TYPE', 'options.fence', 'the fence of a holder', value)
  return fence
}

/** Ends the hold with this fence, of the lock or of one of its slots. @throws `ERR_LOCK_NOT_HELD` */
export function* breakHold(locking: Locking, fence: number): Steps<void> {
  if (locking.lockDir !== undefined) yield* settlePlace(locking)
  const isFound = ({ fence: itsOwn }: Token) => itsOwn === fence
  const gate = yield* endHold(locking, isFound)
  const { owner } = gate?.token ?? {}
  // Who holds the lock alone holds its slots as well.
  const isOfOwner = (slot: Token) => slot.owner === owner
  let isEnded = gate !== undefined
  for (const slot of yield* slotsOf(locking)) if (yield* endHold(slot, gate ? isOfOwner : isFound)) isEnded = true
  if (!isEnded) throw notHeld(locking, fence, yield* holdersOf(locking))
}

function* slotsOf(locking: Locking): Steps<Locking[]> {
  const now = yield* readState(locking.dir, locking.trial)
  const count = typeof now === 'string' ? 0 : (slotCountOf(parseLock(locking.dir, now).more)?.count ?? 0)
  return Array.from({ length: count }, (_, at) => slotOf(locking, at + 1))
}

/** Ends the hold that the lock names, if that is the one. Returns what it was; undefined if it is another, or none. */
function* endHold(locking: Locking, isIt: (token: Token) => boolean): Steps<Known | undefined> {
  const { dir } = locking
  const whose = yield* whoseIs(dir)
  if (whose === 'placed') return yield* inOpened(dir, at => endHoldAt(at, locking, isIt))
  return whose && (yield* endHoldAt(dir, locking, isIt))
}

function* endHoldAt(at: string, locking: Locking, isIt: (token: Token) => boolean): Steps<Known | undefined> {
  const { dir, trial } = locking
  const me = yield* fs.thread()
  for (;;) {
    const state = yield* readState(at, trial)
    if (typeof state === 'string') return undefined
    const token = parseLock(dir, state)
    if (token.owner === undefined || !isIt(token)) return undefined
    const next = yield* nextFence(dir, token, me)
    const more = withBreak(carrySlots(token.more), token.fence, next)
    const to = successor(state, { fields: freeFields(freeToken(next, me, more, 'broken')) }, yield* nonces())
    // A heartbeat may have come first: then it is the same hold.
    if ((yield* advance(at, state, to, trial)) !== 'mine') continue
    yield* removeNote(dir, state, to)
    return { state, token }
  }
}

function notHeld({ shown, dir }: Locking, fence: number, holders: readonly Holder[]): Error {
  const now = holders.length > 0 ? holders.map(one => describeHolder(one, dir)).join(', and ') : undefined
  const why = now === undefined ? 'it is free' : `it is held by ${now}`
  const error = new Error(`The lock is not held with fence ${fence} any more: ${why}: ${shown}`)
  return Object.assign(error, { code: 'ERR_LOCK_NOT_HELD', path: shown, holder: holders[0] })
}
