// What is done to a count besides hits.

import { type Patience, refusal } from '../../core/input.js'
import type { Steps } from '../../core/steps.js'
import { checkOpen } from '../../parts/life.js'
import { forEach } from '../operations/many.js'
import { eachPage } from '../operations/pages.js'
import { type Decision, mostCount } from './algorithm.js'
import { change, jobFor, type Limits, look, removeIfOver } from './change.js'
import { count } from './hit.js'
import { endsAtMs, isAhead, refundAll, type States, setAll } from './plan.js'
import { asCount } from './rule.js'

/** Counts without asking. Returns what is counted then. */
export function* inc(limits: Limits, key: string, by: number | undefined, options: Patience): Steps<number> {
  const job = jobFor(limits, key, options)
  const cost = by === undefined ? 1 : asCount(by, 'by', 0, mostCount)
  return (yield* count(limits, job, { cost, isCounted: true })).count
}

export function* set(limits: Limits, key: string, to: number, options: Patience): Steps<void> {
  const job = jobFor(limits, key, options)
  asCount(to, 'count', 0, mostCount)
  yield* change(limits, job, (before, clockMs) => ({
    states: setAll(limits.parts, before, clockMs, to),
    result: undefined,
  }))
}

/** Decisions that were taken back: each is only once. */
const refunded = new WeakSet<Decision>()

export function* refund(limits: Limits, key: string, decision: Decision, options: Patience): Steps<boolean> {
  const job = jobFor(limits, key, options)
  if (typeof decision?.allowed !== 'boolean' || typeof decision.resetAt !== 'number')
    throw refusal('ERR_INVALID_ARG_TYPE', 'decision', 'what a hit has returned', decision)
  if (!decision.allowed || decision.cost === 0 || refunded.has(decision)) return false
  refunded.add(decision)
  return yield* change(limits, job, (before, clockMs) => {
    const states = refundAll(limits.parts, before, clockMs, decision)
    return { states, result: states !== before }
  })
}

export function* expiresAt(limits: Limits, key: string, options: Patience): Steps<number | undefined> {
  const { states, clockMs } = yield* look(limits, jobFor(limits, key, options))
  return endOf(limits, states, clockMs)
}

/** When all that is counted is over; undefined: it is, or the clock was set back too far. */
function endOf({ parts }: Limits, states: States, clockMs: number): number | undefined {
  const endMs = endsAtMs(parts, states)
  return endMs > clockMs && !isAhead(parts, states, clockMs) ? endMs : undefined
}

/** Removes the state of a key. Returns whether anything was counted. */
export function* reset(limits: Limits, key: string, options: Patience): Steps<boolean> {
  const job = jobFor(limits, key, options)
  return yield* change(limits, job, (before, clockMs) => ({
    states: undefined,
    result: endOf(limits, before, clockMs) !== undefined,
  }))
}

/** Removes the states that are over. Returns how many. */
export function* sweep(limits: Limits, _options: Patience): Steps<number> {
  const { inner } = limits
  checkOpen(inner.life)
  let swept = 0
  yield* eachPage(inner, '', function* (entries) {
    yield* forEach(entries, function* ([key, kept]) {
      if (yield* removeIfOver(limits, key, kept)) swept++
    })
  })
  if (inner.backing.sweep) yield* inner.backing.sweep()
  return swept
}
