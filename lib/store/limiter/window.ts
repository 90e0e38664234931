// Windows: the state is when the window ends, and what is counted in it. A window that begins with its first hit and one that
// is aligned to the clock differ in where a new one ends, and in nothing else.

import { type Algorithm, decide, mostCount, type State } from './algorithm.js'
import type { Part } from './rule.js'

function isOpen({ perMs }: Part, [endMs = 0]: State, clockMs: number): boolean {
  return clockMs < endMs && endMs - clockMs <= 2 * perMs
}

const nextEnd = ({ letter, perMs, offsetMs }: Part, clockMs: number): number =>
  letter === 'w' ? clockMs + perMs : (Math.floor((clockMs - offsetMs) / perMs) + 1) * perMs + offsetMs

export const window: Algorithm = {
  isAhead: ({ perMs }, [endMs = 0], clockMs) => endMs - clockMs > 2 * perMs,

  hit(part, state, clockMs, cost, isCounted) {
    const { limit } = part
    const open = state !== undefined && isOpen(part, state, clockMs) ? state : undefined
    const before = open?.[1] ?? 0
    const allowed = before + cost <= limit
    const isChange = cost > 0 && (allowed || isCounted)
    const count = isChange ? Math.min(before + cost, mostCount) : before
    const endMs = open?.[0] ?? (isChange ? nextEnd(part, clockMs) : clockMs)
    const decision = decide(part, { allowed, cost, clockMs, count, roomAtMs: () => endMs, resetAt: endMs })
    return [isChange ? [endMs, count] : state, decision]
  },

  set(part, state, clockMs, count) {
    const endMs = state !== undefined && isOpen(part, state, clockMs) ? state[0] : undefined
    return [endMs ?? nextEnd(part, clockMs), count]
  },

  refund(part, state, clockMs, { cost, resetAt }) {
    if (state === undefined || state[0] !== resetAt || !isOpen(part, state, clockMs)) return state
    return [resetAt, Math.max(0, (state[1] ?? 0) - cost)]
  },

  endsAtMs: (_part, [endMs = 0]) => endMs,
  countOf: ([, count = 0]) => count,
}
