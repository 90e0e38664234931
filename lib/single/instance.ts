// How a call comes to the one instance: it takes the lock, and starts; or it waits until the holder has published data, which is
// done when its start has ended.

import { asFlag, asFunction } from '../core/input.js'
import { isTimeout } from '../core/interruption.js'
import { fs, type Steps } from '../core/steps.js'
import { newSighting, type Sighting } from '../lock/evidence/sighting.js'
import { type Hold, ignoreLoss, release } from '../lock/hold.js'
import { asPublished } from '../lock/holder/note.js'
import { type Holder, holderOf, lockHeld, unnamedIfLeft } from '../lock/holder.js'
import type { Locking } from '../lock/job.js'
import { publish } from '../lock/lease/publish.js'
import { Lease } from '../lock/lease.js'
import { tryAcquire } from '../lock/obtain.js'
import { settlePlace } from '../lock/place.js'
import { isOwnLock } from '../lock/slots/own-slots.js'
import { sayWho } from '../lock/turn/waiting.js'
import { attended, inside } from '../lock/while-held.js'
import { cleaningUp, stoppedAfter, workAnyway } from '../parts/cleanup.js'
import type { SingleOptions } from './options.js'

export interface Starting<T> {
  readonly locking: Locking
  readonly data: T | undefined
  readonly start: SingleOptions<T>['start']
  readonly wait: boolean
}

export type Instance<T> =
  | { readonly hold: Hold; readonly data: T }
  | { readonly hold: undefined; readonly data: T | undefined; readonly holder: Holder }

export function asStarting<T>(locking: Locking, { data, start, wait = true }: SingleOptions<T>): Starting<T> {
  asFunction(start, 'options.start')
  if (data !== undefined) asPublished(data, locking.dir)
  return { locking: { ...locking, sharing: undefined }, data, start, wait: asFlag(wait, 'options.wait') }
}

/** Is the one instance, or finds it. */
export function* instance<T>(job: Starting<T>): Steps<Instance<T>> {
  const { locking } = job
  if (locking.lockDir !== undefined) yield* settlePlace(locking)
  try {
    return yield* startOrFind(job)
  } catch (error) {
    if (!isTimeout(error)) throw error
    yield* unnamedIfLeft(locking)
    const holder = yield* holderOf(locking)
    throw holder ? lockHeld(locking, holder, error) : error
  }
}

function* startOrFind<T>(job: Starting<T>): Steps<Instance<T>> {
  const { locking } = job
  const sighting = newSighting(!job.wait)
  for (;;) {
    const hold = yield* tryAcquire(locking, sighting)
    if (hold) return yield* stoppedAfter(begin(hold, job))
    const holder = yield* holderOf(locking)
    const data = holder?.data as T | undefined
    if (holder && (data !== undefined || !job.wait)) return { hold: undefined, data, holder }
    // Inside the work of `start`, or while this thread is blocked, it would never be there.
    if (holder && (yield* isOwnLock(locking))) throw lockHeld(locking, holder, undefined)
    if (holder) yield* sayWho(locking)
    yield* pause(locking, sighting, holder ? mostMs : leastMs)
  }
}

/** Not without a limit: a holder that dies changes nothing in the directory, and some filesystems report no changes. */
const mostMs = 100
/** The lock was freed just now. */
const leastMs = 2

function* pause({ dir, staleMs }: Locking, { watch }: Sighting, forMs: number): Steps<void> {
  const ms = Math.min(forMs, staleMs / 10)
  watch.restMs += ms
  yield* fs.changed(dir, ms)
}

/** Starts, and then says so. If that fails, the next one may try. */
function* begin<T>(hold: Hold, { start, data }: Starting<T>): Steps<Instance<T>> {
  try {
    const returned = start && inside(hold, () => start(new Lease(hold)))
    // What has been started must be known, so it is too late to stop the call.
    const value = yield* workAnyway(() => attended(hold, returned))
    const said = (value === undefined ? data : value) as T
    yield* cleaningUp(() => publish(hold, said ?? null))
    return { hold, data: said }
  } catch (error) {
    yield* cleaningUp(() => ignoreLoss(release(hold)))
    throw error
  }
}
