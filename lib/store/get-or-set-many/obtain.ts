// How a call comes to the values of several keys. It claims what it can without waiting, makes that in one batch, and waits
// for other calls only when it holds nothing any more: so calls never wait for each other in a circle.

import { timeoutError } from '../../core/interruption.js'
import { fs, type Steps } from '../../core/steps.js'
import { cleaningUp, stoppedAfter } from '../../parts/cleanup.js'
import { type Claimed, isClaimed, isOver, pause } from '../claim/watch.js'
import { claim } from '../claim.js'
import { isTombstone } from '../expiry.js'
import { keyClaimed } from '../get-or-set/errors.js'
import type { Making } from '../get-or-set/job.js'
import { asEntry, look } from '../get-or-set/look.js'
import { storeLate } from '../get-or-set/make.js'
import { isGivenOld } from '../get-or-set/obtain.js'
import { gotEntry } from '../get-or-set/progress.js'
import { newWork, refuseItself } from '../get-or-set/works.js'
import { forEach } from '../operations/many.js'
import { makeBatch, releaseAll } from './batch.js'
import type { ComputeMany } from './options.js'
import { giveOld, type Wanted } from './wanted.js'

/** Returns when each has got something. */
export function* obtainAll<T>(making: Making<T>, all: readonly Wanted<T>[], compute: ComputeMany<T>): Steps<void> {
  const work = newWork()
  let sinceMs: number | undefined
  for (;;) {
    const open = all.filter(({ got }) => !got)
    if (open.length === 0) return
    const batch = yield* claimAll(open)
    if (batch.length > 0) {
      yield* stoppedAfter(makeBatch(making, batch, compute, work, true))
      sinceMs = undefined
    } else {
      const waiting = open.filter(({ got }) => !got)
      const [first] = waiting
      if (!first) return
      const nowMs = yield* fs.now()
      sinceMs ??= nowMs
      const leftMs = sinceMs + making.waitMs - nowMs
      const isBlocked = yield* isStuck(making, waiting)
      if (leftMs <= 0 || isBlocked) yield* beLate(making, waiting, compute, work, isBlocked ? undefined : making.waitMs)
      else yield* waitForOne(first, Math.min(leftMs, everyMs))
    }
    yield* lookAll(all.filter(({ got }) => !got))
  }
}

/** How often (ms) a call that waits for one key looks at all others that it waits for. */
const everyMs = 100

/** Waits until another call is over that makes the value of a key: usually it is the one that makes many of them. */
function* waitForOne<T>(one: Wanted<T>, mostMs: number): Steps<void> {
  const { job, watch } = one
  const { backing } = job.inner
  const untilMs = (yield* fs.now()) + mostMs
  for (let { now } = one.sight; isClaimed(now) && !(yield* isOver(backing, now, watch)); ) {
    const leftMs = untilMs - (yield* fs.now())
    if (leftMs <= 0) return
    yield* pause(backing, job.key, now, watch, leftMs)
    now = yield* backing.read(job.key)
  }
}

function* lookAll<T>(open: readonly Wanted<T>[]): Steps<void> {
  yield* forEach(open, function* (one) {
    one.sight = yield* look(one.job, yield* one.job.inner.backing.read(one.job.key))
  })
}

/** Returns those whose values this call is to make: in the order in which they were asked for. */
function* claimAll<T>(open: readonly Wanted<T>[]): Steps<Wanted<T>[]> {
  const mine = new Set<Wanted<T>>()
  const sorted = [...open].sort((a, b) => (a.job.key < b.job.key ? -1 : 1))
  try {
    yield* forEach(sorted, function* (one) {
      if (yield* isToBeMade(one)) mine.add(one)
    })
    return open.filter(one => mine.has(one))
  } catch (error) {
    yield* cleaningUp(() => releaseAll(sorted))
    throw error
  }
}

/** Claims a key, unless that has a value, or another call makes it. */
function* isToBeMade<T>(one: Wanted<T>): Steps<boolean> {
  const { job, watch } = one
  const { inner, key, leaseMs } = job
  for (;;) {
    const { now, fresh, old } = one.sight
    if (fresh) {
      one.got = gotEntry(fresh, one.robbed ? 'met' : 'waited')
      return false
    }
    if (!job.claims || isTombstone(now)) return true
    if (isClaimed(now) && !(yield* isOver(inner.backing, now, watch))) {
      if (old && isGivenOld(job, one.sight)) giveOld(one)
      else yield* refuseItself(job, now)
      return false
    }
    if (one.robbed) {
      one.got = yield* storeLate(job, now, one.robbed)
      return false
    }
    const taken = yield* claim({ backing: inner.backing, key }, now, { leaseMs })
    if ('claim' in taken) {
      if (isClaimed(now)) inner.note('takeover', key)
      one.held = taken
      return true
    }
    one.sight = yield* look(job, taken.now)
  }
}

/** While this thread is blocked, no other call of it goes on. */
function* isStuck<T>(making: Making<T>, waiting: readonly Wanted<T>[]): Steps<boolean> {
  if (!(yield* fs.blocking())) return false
  const me = yield* making.inner.backing.claims.self()
  return waiting.some(({ sight }) => sight.now?.claim?.owner === me)
}

/** The call does not wait for others, or not any longer. `waitedMs`: that was its limit; undefined: it cannot wait. */
function* beLate<T>(
  making: Making<T>,
  waiting: readonly Wanted<T>[],
  compute: ComputeMany<T>,
  work: string,
  waitedMs: number | undefined,
): Steps<void> {
  const { inner, late } = making
  if (late === 'compute') return yield* stoppedAfter(makeBatch(making, waiting, compute, work, false))
  const cause = waitedMs ? timeoutError(waitedMs, undefined) : undefined
  for (const one of waiting) {
    const { now } = one.sight
    const { key } = one.job
    const old = late === 'stale' && now?.kind === 'live' ? yield* asEntry(inner, key, now) : undefined
    if (typeof old !== 'object') throw yield* keyClaimed(inner.backing, key, (now as Claimed).claim, cause)
    one.got = gotEntry(old, 'stale')
  }
}
