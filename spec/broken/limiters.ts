// Limiters as they are usually written, over the same engine and with the same arithmetic.

import type { Steps } from 'holdfast/steps'
import type { Backing, Decision, Rule } from 'holdfast/store'
import { draft } from '../../lib/store/kept.js'
import { endsAtMs, judge, type States } from '../../lib/store/limiter/plan.js'
import { type Part, partsOf } from '../../lib/store/limiter/rule.js'
import { parse, spell } from '../../lib/store/limiter/spelling.js'

export type Hit = (backing: Backing, rule: Rule, key: string) => Steps<Decision>

const one = { cost: 1, isCounted: false }

function* read(backing: Backing, parts: readonly Part[], key: string) {
  const kept = yield* backing.read(key)
  const data = kept?.kind === 'live' ? yield* kept.data() : undefined
  const states = data instanceof Uint8Array ? (parse(parts, Buffer.from(data).toString()) ?? []) : []
  return { kept, states, clockMs: kept ? kept.readAtMs : yield* backing.now() }
}

/** Writes, whatever is there by then. */
function* overwrite(backing: Backing, parts: readonly Part[], key: string, states: States): Steps<void> {
  for (;;) {
    const kept = yield* backing.read(key)
    const data = Buffer.from(spell(parts, states))
    const next = yield* draft(kept, { kind: 'live', ends: { atMs: endsAtMs(parts, states) }, data })
    if ((yield* backing.commit(key, kept, next)) !== 'moved') return
  }
}

/** Reads, and then writes: what came between is lost. */
export const readThenWrite: Hit = function* (backing, rule, key) {
  const parts = partsOf(rule)
  const { states, clockMs } = yield* read(backing, parts, key)
  const [next, decision] = judge(parts, states, clockMs, one)
  if (next !== states) yield* overwrite(backing, parts, key, next)
  return decision
}

/** Compares and swaps, but a window that is over is reset by a commit of its own: as hammer did. */
export const resetThenHit: Hit = function* (backing, rule, key) {
  const parts = partsOf(rule)
  for (;;) {
    const { kept, states, clockMs } = yield* read(backing, parts, key)
    const isOver = states.length > 0 && endsAtMs(parts, states) <= clockMs
    if (isOver) {
      yield* overwrite(backing, parts, key, [[clockMs + (parts[0] as Part).perMs, 0]])
      continue
    }
    const [next, decision] = judge(parts, states, clockMs, one)
    if (next === states) return decision
    const data = Buffer.from(spell(parts, next))
    const to = yield* draft(kept, { kind: 'live', ends: { atMs: endsAtMs(parts, next) }, data })
    if ((yield* backing.commit(key, kept, to)) !== 'moved') return decision
  }
}

/** A counter for each rule: one counts what the next denies. */
export const counterPerRule = (hit: Hit): Hit =>
  function* (backing, rule, key) {
    const rules = 'all' in rule ? rule.all : [rule]
    let last: Decision | undefined
    for (const [nth, single] of rules.entries()) {
      last = yield* hit(backing, single, `${key}${nth}`)
      if (!last.allowed) return last
    }
    return last as Decision
  }
