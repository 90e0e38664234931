// The locks of several paths in one call. It waits for one of them at a time, and holds none meanwhile: so calls that want
// the same locks in other orders never wait for each other in a circle.

import { readState } from '../cell/transition.js'
import { isTimeout } from '../core/interruption.js'
import { fs, type Steps } from '../core/steps.js'
import { holdersOf } from './holder/holders.js'
import { lockHeld, unnamedIfLeft } from './holder.js'
import type { Hold, Locking } from './job.js'
import { acquireInTime, tryAcquire } from './obtain.js'
import { settlePlace } from './place.js'
import { giveBack } from './slots.js'
import { parseLock } from './token.js'
import { leavesOf, wholeOf } from './whole.js'

/** Acquires all the locks, waiting until that is possible. */
export function* acquireAll(lockings: readonly Locking[]): Steps<Hold> {
  let waitsFor = lockings[0] as Locking
  try {
    for (const one of lockings) yield* settlePlace(one)
    for (let rounds = 0; ; rounds++) {
      const found = yield* tryRest(lockings, waitsFor, yield* acquireInTime(waitsFor))
      if ('all' in found) return found.all
      waitsFor = found.busy
      // Two calls that each wait for what the other has had would meet again if both went on at once.
      const [byte = 0] = yield* fs.random(1)
      yield* fs.sleep((byte / 256) * 2 ** Math.min(rounds, 5))
    }
  } catch (error) {
    if (!isTimeout(error)) throw error
    yield* unnamedIfLeft(waitsFor)
    const all = yield* tryAcquireAll(lockings)
    if (all) {
      yield* fs.ifLeft(undefined)
      return all
    }
    throw lockHeld(waitsFor, (yield* holdersOf(waitsFor))[0], error)
  }
}

/** Acquires all the locks if that is possible at once; returns undefined, and holds none, if one of them is held. */
export function* tryAcquireAll(lockings: readonly Locking[]): Steps<Hold | undefined> {
  for (const one of lockings) yield* settlePlace(one)
  const first = lockings[0] as Locking
  const hold = yield* tryAcquire(first)
  if (!hold) return undefined
  const found = yield* tryRest(lockings, first, hold)
  return 'all' in found ? found.all : undefined
}

type Found = { readonly all: Hold } | { readonly busy: Locking }

/** Tries the others while one is held. If one of them is busy, all are given back. */
function* tryRest(lockings: readonly Locking[], first: Locking, hold: Hold): Steps<Found> {
  const held = new Map([[first, hold]])
  try {
    for (const one of lockings) {
      const got = held.get(one) ?? (yield* tryAcquire(one)) ?? (yield* alreadyHeld(one, held.values()))
      if (!got) {
        yield* giveBack([...held.values()])
        return { busy: one }
      }
      held.set(one, got)
    }
  } catch (error) {
    yield* giveBack([...held.values()])
    throw error
  }
  return { all: severalOf(lockings.map(one => held.get(one) as Hold)) }
}

/** Two of the paths may lead to one lock, by whatever spelling or link: then the lock names a hold of this call. */
function* alreadyHeld({ dir, trial }: Locking, holds: Iterable<Hold>): Steps<Hold | undefined> {
  const now = yield* readState(dir, trial)
  if (typeof now === 'string') return undefined
  const { hold } = parseLock(dir, now)
  return [...holds].find(one => leavesOf(one).some(({ id }) => id === hold))
}

/** A path whose lock is that of another one has its fence, too. */
function severalOf(holds: readonly Hold[]): Hold {
  const died = holds.find(({ previous }) => previous === 'died')
  const fences = holds.map(({ fence }) => fence)
  return { ...wholeOf([...new Set(holds)]), fences, previous: (died ?? (holds[0] as Hold)).previous }
}
