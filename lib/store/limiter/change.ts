// Changes of a key's state: each is one commit of exactly the state that it was judged by, so a reset and the hit that
// comes with it are one.

import type { LatePlace } from '../../core/queue.js'
import type { Steps } from '../../core/steps.js'
import { happened } from '../../parts/happenings.js'
import type { Backing, Kept } from '../backing.js'
import { type Job, jobOf, untilDone } from '../conflict.js'
import type { Inner } from '../inner.js'
import { draftOf, type Next } from '../kept.js'
import type { Hit } from './asked.js'
import { callOnExpire } from './expire.js'
import type { LimiterOptions } from './options.js'
import { endsAtMs, isAhead, type States } from './plan.js'
import type { Part } from './rule.js'
import { parse, spell } from './spelling.js'

/** What is behind a limiter. */
export interface Limits {
  readonly inner: Inner<unknown>
  readonly parts: readonly Part[]
  readonly onExpire: LimiterOptions['onExpire']
  /** Is a hit allowed of which it is not known whether it was counted? */
  readonly allowsUnknown: boolean
}

/** What was found under a key. */
interface Found {
  readonly kept: Kept | undefined
  readonly states: States
  readonly clockMs: number
}

/** What is made of that. `states`: the same object if nothing is to be changed; undefined: the key is to be removed. */
export interface Judged<R> {
  readonly states: States | undefined
  readonly result: R
}

export type Judge<R> = (states: States, clockMs: number) => Judged<R>

const none: States = []

/** Judges the state of a key, and commits what the judge makes of it. */
export function* change<R>(limits: Limits, job: Job<unknown>, judge: Judge<R>): Steps<R> {
  const { backing } = limits.inner
  // What this thread made last may save the look. If it is not there any more, the commit says so.
  const recalled = backing.recall ? yield* backing.recall(job.key) : undefined
  const done = yield* attempt(limits, job, judge, recalled)
  return done === 'moved' ? (yield* untilDone(job, () => attempt(limits, job, judge), done)).result : done.result
}

export const jobFor = (
  limits: Limits,
  key: string,
  patience: { readonly retryFor?: number | undefined },
  place?: LatePlace,
) => jobOf(limits.inner, key, patience, place)

function* attempt<R>(
  limits: Limits,
  { key }: Job<unknown>,
  judge: Judge<R>,
  recalled?: Kept,
): Steps<{ readonly result: R } | 'moved'> {
  const { parts, inner } = limits
  const { backing } = inner
  const there = recalled ?? (yield* backing.read(key))
  const found = (there && foundAgain(parts, there)) ?? (yield* find(limits, key, there))
  if (found === 'moved') return 'moved'
  const { kept, states, clockMs } = found
  const next = judge(states, clockMs)
  if (next.states === states) return recalled && !(yield* isThere(limits, key, recalled)) ? 'moved' : next
  reportAhead(limits, key, found)
  callOnExpire(limits, key, found)
  const to = next.states && draftOf(inner.ids.next() ?? (yield* inner.ids.draw()), kept, contentOf(parts, next.states))
  if (!to && kept?.kind !== 'live') return next
  const now = yield* backing.commit(key, kept, to)
  if (typeof now === 'object' && next.states) now.counted = { parts, states: next.states }
  return now === 'moved' ? 'moved' : next
}

/** What this limiter has counted in a state that it has made itself. */
const foundAgain = (parts: readonly Part[], kept: Kept): Found | undefined =>
  kept.counted?.parts === parts ? { kept, states: kept.counted.states, clockMs: Math.floor(kept.readAtMs) } : undefined

/** Reads the states under a key, and the time. */
function* find({ inner, parts }: Limits, key: string, kept: Kept | undefined): Steps<Found | 'moved'> {
  const clockMs = Math.floor(kept ? kept.readAtMs : yield* inner.backing.now())
  // One that has expired says when it did, and what was counted.
  if (kept?.kind !== 'live') return { kept, states: none, clockMs }
  const data = yield* kept.data()
  if (data === 'moved') return 'moved'
  return { kept, states: data === 'damaged' ? none : statesIn(parts, key, data), clockMs }
}

/** Reads what was counted. */
export function statesIn(parts: readonly Part[], key: string, data: Uint8Array | undefined): States {
  const states = data ? parse(parts, asText(data)) : none
  if (states) return states
  throw notALimit(key)
}

/** The states under a key, and the time, for a call that changes nothing. */
export function* look(limits: Limits, { key }: Job<unknown>): Steps<Omit<Found, 'kept'>> {
  const { backing } = limits.inner
  // A server judges by its own clock, which is not known as exactly here.
  if (backing.count) return yield* countThere(limits, key, { cost: 0, isCounted: false })
  for (;;) {
    const found = yield* find(limits, key, yield* backing.read(key))
    if (found !== 'moved') return found
  }
}

/** Has the engine judge a hit, and count it. Returns what it was judged by. */
export function* countThere(limits: Limits, key: string, hit: Hit): Steps<Omit<Found, 'kept'>> {
  const { inner, parts } = limits
  const { clockMs, before } = yield* (inner.backing as Required<Backing>).count(key, { parts, ...hit })
  const states = statesIn(parts, key, before)
  if (hit.cost > 0) reportAhead(limits, key, { states, clockMs })
  return { states, clockMs }
}

/** Removes exactly this state, if it is one of a limiter, and over. */
export function* removeIfOver(limits: Limits, key: string, kept: Kept): Steps<boolean> {
  const clockMs = Math.floor(kept.readAtMs)
  if (kept.kind !== 'live' || kept.claim || kept.endsAtMs === undefined || kept.endsAtMs > clockMs) return false
  const data = yield* kept.data()
  const states = typeof data === 'string' ? undefined : parse(limits.parts, asText(data))
  if (!states) return false
  callOnExpire(limits, key, { states, clockMs })
  return (yield* limits.inner.backing.commit(key, kept, undefined)) === 'removed'
}

/** What was judged by a state in memory stands only if that is there. */
function* isThere({ inner: { backing } }: Limits, key: string, kept: Kept): Steps<boolean> {
  return backing.stillThere ? yield* backing.stillThere(key, kept) : false
}

const contentOf = (parts: readonly Part[], states: States): Next => ({
  kind: 'live',
  ends: { atMs: endsAtMs(parts, states) },
  data: Buffer.from(spell(parts, states), 'latin1'),
})

const asText = (data: Uint8Array): string =>
  (data instanceof Buffer ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength)).toString('latin1')

/** The clock was set back, and the state begins anew. */
export function reportAhead({ parts }: Limits, key: string, { states, clockMs }: Omit<Found, 'kept'>): void {
  if (!isAhead(parts, states, clockMs)) return
  happened('holdfast:clock', { key, clock: clockMs, endsAt: endsAtMs(parts, states) })
}

function notALimit(key: string): Error {
  const message = `There is an entry that no limiter has made, and it is not replaced: ${JSON.stringify(key)}`
  return Object.assign(new Error(message), { code: 'ERR_NOT_A_LIMIT', key })
}
