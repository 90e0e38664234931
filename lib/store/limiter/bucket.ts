// A bucket that fills with hits and drains at a rate: the state is how full it was, in millionths of a hit, and when. It is
// a bucket of tokens, too: those that are missing from it are what fills this one.

import { type Algorithm, type Decision, mostCount, type State } from './algorithm.js'
import { type Part, unitsPerHit } from './rule.js'

const isAhead = ({ perMs }: Part, [atMs = 0]: State, clockMs: number): boolean => atMs - clockMs > perMs

/** The time that counts: never before that of the state. */
const timeOf = ([atMs = 0]: State, clockMs: number): number => Math.max(clockMs, atMs)

/** How much has drained. What is not a whole unit yet stays in the bucket, so it never drains too fast. */
const drained = ({ drain }: Part, ms: number): number => Math.floor(ms * drain)

/** The number of ms after which so much has drained. */
function msToDrain(part: Part, units: number): number {
  if (units <= 0) return 0
  let ms = Math.ceil(units / part.drain)
  // The quotient is rounded, and the bucket is not asked twice whether there is room.
  while (ms > 1 && drained(part, ms - 1) >= units) ms--
  while (drained(part, ms) < units) ms++
  return ms
}

const levelAt = (part: Part, state: State, timeMs: number): number =>
  Math.max(0, (state[1] ?? 0) - drained(part, timeMs - (state[0] ?? 0)))

const isEmpty: State = [0, 0]

const counted = (part: Part, state: State | undefined, clockMs: number): State =>
  state === undefined || state.length === 0 || isAhead(part, state, clockMs) ? isEmpty : state

export const bucket: Algorithm = {
  isAhead,

  hit(part, state, clockMs, cost, isCounted) {
    const before = counted(part, state, clockMs)
    const timeMs = timeOf(before, clockMs)
    const full = part.limit * unitsPerHit
    const filled = levelAt(part, before, timeMs) + cost * unitsPerHit
    const allowed = filled <= full
    const isChange = cost > 0 && (allowed || isCounted)
    const next = isChange ? [timeMs, Math.min(filled, mostCount)] : before
    const room = () => (before[0] ?? 0) + msToDrain(part, (before[1] ?? 0) + cost * unitsPerHit - full)
    const wait = allowed ? 0 : cost > part.limit ? Number.POSITIVE_INFINITY : room() - clockMs
    return [isChange ? next : state, decide(part, next, clockMs, { allowed, cost, wait })]
  },

  set: (part, state, clockMs, count) => [
    timeOf(counted(part, state, clockMs), clockMs),
    Math.min(count * unitsPerHit, mostCount),
  ],

  // What has drained since is gone: it may have been others' room already.
  refund(part, state, clockMs, { cost, at }) {
    const before = counted(part, state, clockMs)
    const timeMs = timeOf(before, clockMs)
    const level = levelAt(part, before, timeMs)
    const back = Math.min(level, cost * unitsPerHit - drained(part, timeMs - at))
    return back > 0 ? [timeMs, level - back] : state
  },

  endsAtMs: (part, [atMs = 0, level = 0]) => atMs + msToDrain(part, level),
  countOf: ([, level = 0]) => Math.ceil(level / unitsPerHit),
}

function decide(
  part: Part,
  state: State,
  clockMs: number,
  { allowed, cost, wait }: { readonly allowed: boolean; readonly cost: number; readonly wait: number },
): Decision {
  const { limit } = part
  const level = levelAt(part, state, timeOf(state, clockMs))
  return {
    allowed,
    cost,
    at: clockMs,
    count: Math.ceil(level / unitsPerHit),
    remaining: Math.max(0, Math.floor(limit - level / unitsPerHit)),
    limit,
    retryAfter: wait,
    resetAt: level > 0 ? (state[0] ?? 0) + msToDrain(part, state[1] ?? 0) : clockMs,
  }
}
