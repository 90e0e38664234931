// How a call gets one of the slots of a lock (../slots.ts), to hold it together with others. Usually one is free. If not, the
// call takes the gate, so that of those that wait only one looks at the slots, and no other passes it; then it takes the
// slot that is free next, or, where any number of calls may share the lock, bears one more.

import { readState } from '../../cell/transition.js'
import { fs, type Steps } from '../../core/steps.js'
import { acquireOne, tryAcquireOne, tryAgain } from '../acquire.js'
import { newSighting } from '../evidence/sighting.js'
import { holderOf, lockHeld, unnamedIfLeft } from '../holder.js'
import type { Hold, Locking, Sharing } from '../job.js'
import { attendTo, gateOf, slotOf, tryFreeSlot } from '../slots.js'
import { parseLock, type Token } from '../token.js'
import { sayWho } from '../turn/waiting.js'
import { isOwnLock, slotDir } from './own-slots.js'
import { type Pass, passGate, slotsOf, trySlots } from './pass.js'
import { slotCountOf } from './slot-count.js'

/** Takes a slot, waiting until that is possible. */
export function* enter(locking: Locking, sharing: Sharing): Steps<Hold> {
  for (;;) {
    const free = yield* tryFreeSlot(locking, sharing)
    if (free) return free
    const gate = yield* acquireOne(gateOf(locking, sharing))
    const slot = yield* passGate(gate, locking, sharing, sharing === 'shared' ? trySlots : waitForSlot)
    if (slot) return slot
  }
}

/** Milliseconds: another call that passes the gate takes much less, if it is not stopped. */
const passingMs = 1000

/** Takes a slot if that is possible at once. Other calls that pass the gate are waited for a little. */
export function* tryEnter(locking: Locking, sharing: Sharing): Steps<Hold | undefined> {
  let passer: number | undefined
  let sinceMs = 0
  for (;;) {
    const free = yield* tryFreeSlot(locking, sharing)
    if (free) return free
    const gate = yield* tryAcquireOne(gateOf(locking, sharing))
    const slot = gate && (yield* passGate(gate, locking, sharing, trySlots))
    if (slot || gate?.over === 'released') return slot
    const now = yield* passerAt(locking, sharing)
    const nowMs = yield* fs.now()
    if (now === undefined || (now === passer && nowMs - sinceMs >= passingMs)) return undefined
    if (now !== passer) sinceMs = nowMs
    passer = now
    yield* fs.sleep(1)
  }
}

function* readToken(dir: string, { trial }: Locking): Steps<Token | undefined> {
  const now = yield* readState(dir, trial)
  return typeof now === 'string' ? undefined : parseLock(dir, now)
}

/** The fence of the call that passes the gate, if one does, or did just now, and a slot may be free. */
function* passerAt(locking: Locking, sharing: Sharing): Steps<number | undefined> {
  const { dir, trial } = locking
  const now = yield* readState(dir, trial)
  // It is another package's lock.
  if (now === 'void') return undefined
  const gate = now === 'absent' ? undefined : parseLock(dir, now)
  if (gate?.owner !== undefined && !slotCountOf(gate.more)?.passing) return undefined
  const fence = gate?.fence ?? 0
  if (sharing === 'shared') return fence
  for (let number = 1; number <= sharing.holders; number++) {
    const slot = yield* readToken(slotDir(dir, number), locking)
    if (slot?.owner === undefined) return fence
  }
  return undefined
}

/** Milliseconds between looks at all slots; only the call that holds the gate looks. */
const pausesMs = [1, 2, 4, 8, 16, 25]

/** Waits until one of the slots is free, and takes it. */
function* waitForSlot(pass: Pass): Steps<void> {
  const { gate, locking, taken } = pass
  const slots = Array.from({ length: slotsOf(gate).count }, (_, at) => slotOf(locking, at + 1))
  const looks = slots.map(slot => ({ slot, sighting: newSighting(false) }))
  for (let turn = 0; ; turn++) {
    for (const { slot, sighting } of looks) {
      const hold = yield* tryAgain(slot, sighting)
      if (hold) {
        if (turn > 0) yield* fs.ifLeft(undefined)
        return void taken.push(hold)
      }
    }
    if (yield* areAllOwn(slots)) throw lockHeld(locking, yield* holderOf(slots[0] as Locking), undefined)
    yield* attendTo([gate])
    if (turn === 0) yield* unnamedIfLeft(locking)
    yield* sayWho(slots[0] as Locking)
    const ms = pausesMs[Math.min(turn, pausesMs.length - 1)] as number
    for (const { sighting } of looks) sighting.watch.restMs += ms
    yield* fs.sleep(ms)
  }
}

/** A call that is inside the work of all the holds would wait for itself; if it blocks its thread, for that. */
function* areAllOwn(slots: readonly Locking[]): Steps<boolean> {
  if (slots[0]?.around.length === 0 && !(yield* fs.blocking())) return false
  for (const slot of slots) if (!(yield* isOwnLock(slot))) return false
  return true
}
