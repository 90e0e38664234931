// Hits: judged, and counted if they are allowed.

import type { LatePlace } from '../../core/queue.js'
import { fs, type Steps } from '../../core/steps.js'
import type { Counts } from '../backing.js'
import type { Job } from '../conflict.js'
import { isUnknownOutcome } from '../unknown-outcome.js'
import type { Decision } from './algorithm.js'
import { asHit, type Hit } from './asked.js'
import { change, countThere, jobFor, type Limits, look } from './change.js'
import { hitNow } from './in-memory.js'
import type { HitOptions, PeekOptions } from './options.js'
import { judge } from './plan.js'

/** Hits of one thread that met others take turns, in the promise form only, which has a place: a blocked thread has no other calls. */
export function* hit(limits: Limits, key: string, options: HitOptions, place?: LatePlace): Steps<Decision> {
  try {
    const job = jobFor(limits, key, options, place)
    return yield* make(limits, job, asHit(options))
  } finally {
    place?.leave()
  }
}

/** Judges a hit, and counts it, where the state is, or by a commit of the one that comes after it. */
export function count(
  limits: Limits,
  job: Job<unknown>,
  one: Hit,
  tried?: (decision: Decision) => void,
): Steps<Decision> {
  const { parts, inner } = limits
  const { counts } = inner.backing
  if (counts) return countInMemory(limits, counts, job.key, one)
  if (inner.backing.count) return judgeThere(limits, job.key, one)
  return change(limits, job, (before, clockMs) => {
    const [states, result] = judge(parts, before, clockMs, one)
    tried?.(result)
    return { states, result }
  })
}

function* countInMemory(limits: Limits, counts: Counts, key: string, one: Hit): Steps<Decision> {
  // A call is stopped between two calls of its own, so there must be one.
  yield* fs.blocking()
  return hitNow(limits, counts, key, one)
}

function* judgeThere(limits: Limits, key: string, one: Hit): Steps<Decision> {
  const { states, clockMs } = yield* countThere(limits, key, one)
  return judge(limits.parts, states, clockMs, one)[1]
}

/** Makes the hit. One of which it is not known whether it was counted is allowed only if the limiter says so. */
function* make(limits: Limits, job: Job<unknown>, one: Hit): Steps<Decision> {
  let last: Decision | undefined
  try {
    return yield* count(limits, job, one, decision => {
      last = decision
    })
  } catch (error) {
    if (!isUnknownOutcome(error)) throw error
    const [, decision] = last ? [undefined, last] : judge(limits.parts, [], Date.now(), one)
    return { ...decision, allowed: limits.allowsUnknown && decision.allowed, unknown: true }
  }
}

/** What a hit would get at this moment. */
export function* peek(limits: Limits, key: string, options: PeekOptions): Steps<Decision> {
  const job = jobFor(limits, key, options)
  const { cost } = asHit(options)
  const { states, clockMs } = yield* look(limits, job)
  return judge(limits.parts, states, clockMs, { cost, isCounted: false })[1]
}

/** A hit elsewhere may be taken back, or a key be reset, so a long wait looks again after this time (ms). */
const longestSleepMs = 1000

/** Hits again and again until that is allowed. What never will be is denied at once. */
export function* wait(limits: Limits, key: string, options: PeekOptions): Steps<Decision> {
  const job = jobFor(limits, key, options)
  const one = asHit(options)
  for (;;) {
    const decision = yield* make(limits, job, one)
    if (decision.allowed || decision.retryAfter === Number.POSITIVE_INFINITY) return decision
    yield* fs.sleep(Math.min(Math.max(decision.retryAfter, 1), longestSleepMs))
  }
}
