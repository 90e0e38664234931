// How people usually share a lock: each variant forgets one thing.

import { fs, type Hold, release, type Steps } from 'holdfast/steps'
import { readState } from '../../lib/cell/transition.js'
import { acquireOne, tryAcquireOne } from '../../lib/lock/acquire.js'
import type { Locking } from '../../lib/lock/job.js'
import { asLocking } from '../../lib/lock/options.js'
import { gateOf, slotOf } from '../../lib/lock/slots.js'
import { parseLock } from '../../lib/lock/token.js'

const gate = (path: string): Locking => asLocking(path, {}, 'broken', [])

/** Has the lock alone as soon as it sees no reader: one that has looked at the gate already comes in all the same. */
export function* lookAtReaders(path: string): Steps<Hold> {
  for (;;) {
    const hold = yield* acquireOne(gate(path))
    let readers = 0
    for (let number = 1; number <= hold.slots; number++) {
      const now = yield* readState(slotOf(gate(path), number).dir, gate(path).trial)
      if (typeof now === 'object' && parseLock(path, now).owner !== undefined) readers++
    }
    if (readers === 0) return hold
    yield* release(hold)
    yield* fs.sleep(1)
  }
}

/** Looks at the gate, and then takes a slot: meanwhile, the lock may have been removed, and made again. */
export function* gateFirst(path: string): Steps<Hold> {
  for (;;) {
    const now = yield* readState(gate(path).dir, gate(path).trial)
    const isOpen = typeof now === 'object' && parseLock(path, now).owner === undefined
    const slot = isOpen ? yield* tryAcquireOne(slotOf(gate(path), 1)) : undefined
    if (slot) return slot
    yield* fs.sleep(1)
  }
}

/** Bears a slot, and is in even if the gate was lost before it counted that. */
export function* bearUncounted(path: string): Steps<Hold> {
  const hold = yield* acquireOne(gateOf(gate(path), 'shared'))
  const slot = (yield* tryAcquireOne(slotOf(gate(path), hold.slots + 1))) as Hold
  try {
    yield* release(hold)
  } catch {}
  return slot
}

/** Holds one lock while it waits for the other, though not for ever. */
export function* oneAfterTheOther([a, b]: readonly [string, string]): Steps<Hold> {
  yield* acquireOne(gate(a))
  for (let tries = 0; tries < 3; tries++) {
    const second = yield* tryAcquireOne(gate(b))
    if (second) return second
    yield* fs.sleep(1)
  }
  throw new Error('it waits for ever')
}
