// A rule as a whole: one algorithm, or several of which each has a state, and a hit is counted by all of them or by none.

import type { Algorithm, Decision, State } from './algorithm.js'
import type { Hit } from './asked.js'
import { bucket } from './bucket.js'
import type { Part } from './rule.js'
import { sliding } from './sliding.js'
import { window } from './window.js'

/** A state for each part of a rule, in the same order; undefined: that part has counted nothing yet. */
export type States = readonly (State | undefined)[]

/** What becomes of the states. It is the same object if nothing is changed. */
export type Outcome = readonly [states: States, decision: Decision]

const algorithms: Readonly<Record<Part['letter'], Algorithm>> = { w: window, a: window, s: sliding, b: bucket }

export const algorithmOf = ({ letter }: Part): Algorithm => algorithms[letter]

/** Judges a hit, and counts it if every part allows it. */
export function judge(parts: readonly Part[], states: States, clockMs: number, { cost, isCounted }: Hit): Outcome {
  if (parts.length > 1) return judgeAll(parts, states, clockMs, { cost, isCounted })
  const part = parts[0] as Part
  const before = states[0]
  const [state, decision] = algorithmOf(part).hit(part, before, clockMs, cost, isCounted)
  return [state === before ? states : [state], decision]
}

function judgeAll(parts: readonly Part[], states: States, clockMs: number, { cost, isCounted }: Hit): Outcome {
  const made = parts.map((part, at) => algorithmOf(part).hit(part, states[at], clockMs, cost, isCounted))
  if (isCounted || made.every(([, { allowed }]) => allowed)) {
    const isChange = made.some(([state], at) => state !== states[at])
    return [isChange ? made.map(([state]) => state) : states, together(made.map(([, decision]) => decision))]
  }
  // A part that would have allowed it says what it has without it.
  const decisions = made.map(([, decision], at) => {
    const part = parts[at] as Part
    return decision.allowed ? notCounted(part, states[at], clockMs, decision) : decision
  })
  const denied = together(decisions)
  return [states, isAhead(parts, states, clockMs) ? later(parts, states, denied) : denied]
}

/**
 * A part that was to begin anew has not done so, because another one denies the hit, and it may stand in the way again when
 * the clock has come nearer to it.
 */
function later(parts: readonly Part[], states: States, denied: Decision): Decision {
  const { at, cost } = denied
  let { retryAfter } = denied
  for (let more = retryAfter; more > 0 && retryAfter < Number.POSITIVE_INFINITY; retryAfter += more) {
    const then = at + retryAfter
    more = Math.max(
      ...parts.map((part, nth) => algorithmOf(part).hit(part, states[nth], then, cost, false)[1].retryAfter),
    )
  }
  return { ...denied, retryAfter }
}

function notCounted(part: Part, state: State | undefined, clockMs: number, { cost, allowed }: Decision): Decision {
  const [, now] = algorithmOf(part).hit(part, state, clockMs, 0, false)
  return { ...now, cost, allowed }
}

/** The decision of several parts: the tightest is the one that allows least, or the hit last. */
function together(parts: readonly Decision[]): Decision {
  const tightest = parts.reduce((one, other) => (isTighter(other, one) ? other : one))
  return { ...tightest, parts }
}

function isTighter(one: Decision, other: Decision): boolean {
  if (one.retryAfter !== other.retryAfter) return one.retryAfter > other.retryAfter
  return one.remaining === other.remaining ? one.resetAt > other.resetAt : one.remaining < other.remaining
}

/** Sets what is counted. */
export const setAll = (parts: readonly Part[], states: States, clockMs: number, count: number): States =>
  parts.map((part, at) => algorithmOf(part).set(part, states[at], clockMs, count))

/** Takes a hit back in each part whose window is not over. The same object: there is none. */
export function refundAll(parts: readonly Part[], states: States, clockMs: number, made: Decision): States {
  const decisions = made.parts ?? [made]
  const next = parts.map((part, at) => {
    const decision = decisions[at]
    return decision ? algorithmOf(part).refund(part, states[at], clockMs, decision) : states[at]
  })
  return next.every((state, at) => state === states[at]) ? states : next
}

/** When the states have nothing to say any more (ms since 1970). */
export function endsAtMs(parts: readonly Part[], states: States): number {
  let endMs = 0
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at] as Part
    const state = states[at]
    if (state) endMs = Math.max(endMs, algorithmOf(part).endsAtMs(part, state))
  }
  return endMs
}

/** What was counted last, by the part that has counted most. */
export const countOf = (parts: readonly Part[], states: States): number =>
  Math.max(...parts.map((part, at) => (states[at] ? algorithmOf(part).countOf(states[at]) : 0)))

/** Is there a state that stands in the way because the clock was set back? Then its part begins anew. */
export function isAhead(parts: readonly Part[], states: States, clockMs: number): boolean {
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at] as Part
    const state = states[at]
    if (state !== undefined && algorithmOf(part).isAhead(part, state, clockMs)) return true
  }
  return false
}
