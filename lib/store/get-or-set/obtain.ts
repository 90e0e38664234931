// How a call without a value comes to one: it claims the key and makes the value, or waits for another call that does.

import { fs, type Steps } from '../../core/steps.js'
import { stoppedAfter } from '../../parts/cleanup.js'
import { type Claimed, isClaimed, isOver, newWatch, pause, type Watch } from '../claim/watch.js'
import { claim } from '../claim.js'
import type { Entry } from '../contract.js'
import { isTombstone } from '../expiry.js'
import type { Job, OwnJob } from './job.js'
import { beLate } from './late.js'
import { look, type Sight } from './look.js'
import { makeAlone, makeUnderClaim, storeLate } from './make.js'
import type { Got } from './options.js'
import { gotEntry, type Progress } from './progress.js'
import { refuseItself } from './works.js'

/** May this call be given the old value? Not the one that it is to replace. */
export const isGivenOld = <T>({ refused, staleMs }: Job<T>, { old }: Sight<T>): boolean =>
  staleMs > 0 && old !== undefined && old.version !== refused

/** `first`: what was found, which is not good enough. */
export function* obtain<T>(job: OwnJob<T>, first: Sight<T>, progress: Progress<T>): Steps<Got<T>> {
  const { inner, key, leaseMs } = job
  const { backing } = inner
  const watch = newWatch()
  let sight = first
  for (;;) {
    const { now, fresh, old } = sight
    if (fresh) return gotEntry(fresh, progress.robbed ? 'met' : 'waited')
    if (!job.claims || isTombstone(now)) return yield* stoppedAfter(makeAlone(job, sight, !isTombstone(now), progress))
    if (isClaimed(now) && !(yield* isOver(backing, now, watch))) {
      if (isGivenOld(job, sight)) return gotEntry(old as Entry<T>, 'stale')
      const late = yield* waitFor(job, now, progress, watch)
      if (late) return late
      sight = yield* look(job, yield* backing.read(key))
      continue
    }
    Object.assign(progress, { sinceMs: undefined, waitsFor: undefined })
    if (progress.robbed) return yield* storeLate(job, now, progress.robbed)
    const taken = yield* claim({ backing, key }, now, { leaseMs })
    if ('now' in taken) sight = yield* look(job, taken.now)
    else {
      if (isClaimed(now)) inner.note('takeover', key)
      const got = yield* stoppedAfter(makeUnderClaim(job, taken, old, progress))
      if (got) return got
      sight = yield* look(job, yield* backing.read(key))
    }
  }
}

/** Waits for another call, and returns what this one gets if it has waited for too long. */
function* waitFor<T>(job: OwnJob<T>, now: Claimed, progress: Progress<T>, watch: Watch): Steps<Got<T> | undefined> {
  const { backing } = job.inner
  yield* refuseItself(job, now)
  const nowMs = yield* fs.now()
  progress.sinceMs ??= nowMs
  progress.waitsFor = now.claim
  const leftMs = progress.sinceMs + progress.mostMs - nowMs
  // While this thread is blocked, no other call of it goes on.
  const isStuck = (yield* fs.blocking()) && now.claim.owner === (yield* backing.claims.self())
  if (leftMs <= 0 || isStuck) {
    progress.isLate = true
    return yield* beLate(job, now.claim, isStuck ? undefined : progress.mostMs)
  }
  yield* pause(backing, job.key, now, watch, leftMs)
  return undefined
}
