// Getting a lock (./hold.ts): by a swap of the very state that was seen. So nothing is ever removed in order to acquire, and
// of several who find one dead holder one takes over. The fence grows by one with each holder.

import { createState } from '../cell/create.js'
import type { State } from '../cell/state.js'
import { advance, notACell, readState, tryAdvance } from '../cell/transition.js'
import { isTimeout } from '../core/interruption.js'
import { fs, type Steps } from '../core/steps.js'
import { type Hold, isUnknownOutcome, type Locking, nextHold, parseLock } from './hold.js'
import { holderOf, lockHeld } from './holder.js'

/** Takes it, or waits until it can be taken. */
export function* acquire(locking: Locking): Steps<Hold> {
  try {
    return yield* acquireInTime(locking)
  } catch (error) {
    if (!isTimeout(error)) throw error
    // Nothing interrupts any more: a last try tells who holds it, if anybody still does.
    const hold = yield* tryAcquire(locking)
    if (hold) return hold
    throw lockHeld(locking, yield* holderOf(locking), error)
  }
}

/** The same; and if the time is over, that is what comes out. */
export const acquireInTime = (locking: Locking): Steps<Hold> => whileEngaged(locking, acquireNow)

/** One try: undefined if it is busy. */
export const tryAcquire = (locking: Locking): Steps<Hold | undefined> => whileEngaged(locking, tryOnce)

/** This thread is after it, and if it gets it, for as long as it has it. */
function* whileEngaged<T extends Hold | undefined>(locking: Locking, steps: (locking: Locking) => Steps<T>): Steps<T> {
  let hold: T | undefined
  try {
    yield* fs.engage(locking.dir, 1)
    hold = yield* steps(locking)
    return hold
  } finally {
    if (!hold) yield* fs.engage(locking.dir, -1)
  }
}

function* acquireNow(locking: Locking): Steps<Hold> {
  const sighting = newSighting()
  const before = (yield* fs.recall(locking.dir)) as State | undefined
  if (before) {
    // Who gave it back takes it again without a look, if nobody has had it since.
    const hold = yield* trySwap(locking, before, sighting)
    if (hold) return hold
    yield* fs.remember(locking.dir, undefined)
  }
  for (;;) {
    const met = yield* tryToTake(locking, sighting)
    if (typeof met === 'object') return met
    if (met === 'busy' && (yield* isOurOwn(locking))) throw lockHeld(locking, yield* holderOf(locking), undefined)
    if (met === 'busy' || sighting.calm > 0) yield* rest(locking, sighting)
  }
}

function* tryOnce(locking: Locking): Steps<Hold | undefined> {
  const sighting = newSighting()
  for (;;) {
    const met = yield* tryToTake(locking, sighting)
    if (met !== 'moved') return met === 'busy' ? undefined : met
  }
}

/** What whoever waits has seen. */
interface Sighting {
  nonce: string
  /** Since when it has been that; asked for only where it matters. */
  sinceMs: number | undefined
  /** How often it has been the same. */
  calm: number
  rests: number
  /** What may have been taken, though it was said that it was not. */
  hoped: Hold | undefined
}

const newSighting = (): Sighting => ({ nonce: '', sinceMs: undefined, calm: 0, rests: 0, hoped: undefined })

function note(sighting: Sighting, { nonce }: State): void {
  if (sighting.nonce === nonce) sighting.calm++
  else Object.assign(sighting, { nonce, sinceMs: undefined, calm: 0 })
}

/** `moved`: another was faster. */
function* tryToTake(locking: Locking, sighting: Sighting): Steps<Hold | 'busy' | 'moved'> {
  const { dir, trial, begin } = locking
  const now = yield* readState(dir, trial)
  if (now === 'void') throw notACell(dir, 'an empty directory, as other packages make for their locks')
  if (now === 'absent') {
    const hold = yield* nextHold(locking, undefined)
    return yield* certain(
      hold,
      begin(() => createState(dir, hold.state, trial)),
    )
  }
  if (sighting.hoped?.state.nonce === now.nonce) return sighting.hoped
  note(sighting, now)
  const { owner } = parseLock(dir, now)
  if (owner !== undefined && !(yield* isAbandoned(owner, locking, sighting))) return 'busy'
  if (sighting.calm === 0) return (yield* trySwap(locking, now, sighting)) ?? 'moved'
  // It was tried in vain, and nobody else has taken it.
  const hold = yield* nextHold(locking, now)
  return yield* certain(hold, advance(dir, now, hold.state, trial))
}

/** Tries once: what came of it if that failed, the next look tells. */
function* trySwap(locking: Locking, from: State, sighting: Sighting): Steps<Hold | undefined> {
  const hold = yield* nextHold(locking, from)
  if (yield* tryAdvance(locking.dir, from, hold.state)) return hold
  sighting.hoped = hold
  return undefined
}

function* certain(hold: Hold, steps: Steps<'mine' | "another's">): Steps<Hold | 'moved'> {
  try {
    return (yield* steps) === 'mine' ? hold : 'moved'
  } catch (error) {
    // Whatever it was, by now others have had it.
    if (isUnknownOutcome(error)) return 'moved'
    throw error
  }
}

/** Who waits without the event loop would wait for itself, if this thread has it. */
function* isOurOwn(locking: Locking): Steps<boolean> {
  if (!(yield* fs.blocking()) || (yield* fs.engage(locking.dir, 0)) < 2) return false
  return (yield* holderOf(locking))?.owner === (yield* fs.self())
}

/** At once, if the owner is provably dead; after a time without a heartbeat, if nobody here can tell; else never. */
function* isAbandoned(owner: string, { staleMs }: Locking, sighting: Sighting): Steps<boolean> {
  const alive = yield* fs.alive(owner)
  if (alive !== undefined || staleMs === Number.POSITIVE_INFINITY) return alive === false
  // On our own clock, which only goes forward: no clocks of two machines are compared.
  const nowMs = yield* fs.now()
  sighting.sinceMs ??= nowMs
  return nowMs - sighting.sinceMs >= staleMs
}

/**
 * First soon, because most locks are held for a moment. Then seldom: who has it now is fast, and the faster the less he is
 * disturbed. Then more and more often, so that who has waited long is the next. One that stays as it is is sightinged.
 */
const restsMs = [1, 2, 8, 8, 4, 4, 2]

function* rest({ dir, staleMs }: Locking, sighting: Sighting): Steps<void> {
  const [byte = 0] = yield* fs.random(1)
  const part = 0.5 + byte / 256
  const ms = restsMs[sighting.rests++] ?? 1
  if (sighting.calm < 6) yield* fs.sleep(ms * part)
  // A holder that dies changes nothing, and some filesystems tell of no changes.
  else yield* fs.changed(dir, Math.min(100, staleMs / 10) * part)
}
