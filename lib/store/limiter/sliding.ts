// A sliding window: the state is the log of what was counted, as pairs of a time and a count, the oldest first. A hit at a
// time counts until exactly `perMs` later.

import { type Algorithm, decide, mostCount, type State } from './algorithm.js'
import type { Part } from './rule.js'

const lastOf = (log: State): number => log[log.length - 2] ?? 0

/** The time that counts: never before the last hit. */
const timeOf = (log: State, clockMs: number): number => Math.max(clockMs, lastOf(log))

const isAhead = ({ perMs }: Part, log: State, clockMs: number): boolean => lastOf(log) - clockMs > perMs

/** The part of the log that still counts. */
function current(part: Part, log: State | undefined, clockMs: number): State {
  if (log === undefined || log.length === 0 || isAhead(part, log, clockMs)) return []
  const sinceMs = timeOf(log, clockMs) - part.perMs
  let from = 0
  while (from < log.length && (log[from] as number) <= sinceMs) from += 2
  return log.slice(from)
}

function sumOf(log: State): number {
  let sum = 0
  for (let at = 1; at < log.length; at += 2) sum += log[at] as number
  return sum
}

/** Adds a hit. What is oldest is left out where the rest is enough to reach the limit, so a log has `limit` pairs at most. */
function added(log: State, sum: number, { limit }: Part, timeMs: number, cost: number): State {
  const next = [...log]
  if (lastOf(log) === timeMs) next[next.length - 1] = Math.min((next.at(-1) ?? 0) + cost, mostCount)
  else next.push(timeMs, cost)
  let [left, from] = [sum + cost, 0]
  while (left - (next[from + 1] as number) >= limit) {
    left -= next[from + 1] as number
    from += 2
  }
  return from > 0 ? next.slice(from) : next
}

/** When so much of the log has ended that a hit has room. */
function roomAtMs(log: State, sum: number, { limit, perMs }: Part, cost: number): number {
  let left = sum
  for (let at = 0; ; at += 2) {
    left -= log[at + 1] ?? 0
    if (left + cost <= limit) return (log[at] as number) + perMs
  }
}

export const sliding: Algorithm = {
  isAhead,

  hit(part, state, clockMs, cost, isCounted) {
    const { limit, perMs } = part
    const log = current(part, state, clockMs)
    const before = sumOf(log)
    const allowed = before + cost <= limit
    const isChange = cost > 0 && (allowed || isCounted)
    const next = isChange ? added(log, before, part, timeOf(log, clockMs), cost) : log
    const count = isChange ? Math.min(before + cost, mostCount) : before
    const roomAt = () => roomAtMs(log, before, part, cost)
    const resetAt = next.length > 0 ? lastOf(next) + perMs : clockMs
    const decision = decide(part, { allowed, cost, clockMs, count, roomAtMs: roomAt, resetAt })
    return [isChange ? next : state, decision]
  },

  set: (part, state, clockMs, count) => (count > 0 ? [timeOf(current(part, state, clockMs), clockMs), count] : []),

  refund(part, state, clockMs, { cost, resetAt }) {
    const log = current(part, state, clockMs)
    const at = log.findIndex((time, index) => index % 2 === 0 && time === resetAt - part.perMs)
    if (at < 0) return state
    const left = (log[at + 1] as number) - cost
    return left > 0 ? log.with(at + 1, left) : log.toSpliced(at, 2)
  },

  endsAtMs: ({ perMs }, log) => (log.length > 0 ? lastOf(log) + perMs : 0),
  countOf: sumOf,
}
