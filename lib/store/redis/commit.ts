// A commit: one script, which is sent again where its reply was lost, because it leaves a trace of each call.

import { monotonicMs } from '../../core/moment.js'
import type { Steps } from '../../core/steps.js'
import type { Draft } from '../backing.js'
import { just } from '../just.js'
import { keptOf } from '../kept.js'
import type { Change, Committed } from '../remote/commit.js'
import { spellIds, spellState } from '../state-text.js'
import { judge, unknownOutcome } from '../unknown-outcome.js'
import { asReplyBytes } from './client.js'
import { commitScript, committed, type Deed, foreign, mostOfTrace, traceMs } from './scripts.js'
import type { RedisServer } from './server.js'
import { foreignFormat, stateIn } from './state.js'

/** A change, and the id by which its call is known: that of the state that comes, or one of its own. */
export interface TracedChange extends Change {
  readonly id: string
  /** When it was sent first, on the clock of `performance`. */
  readonly sinceMs: number
}

/** Longer times are no times: the script calculates with them. */
const longestMs = 2 ** 50

export function argumentsOf(change: TracedChange, deed: Deed, channel: string): (string | Buffer)[] {
  const { key, from, to, id } = change
  if (!to)
    return [from?.id ?? '', id, deed, '-', '0', '', from ? spellIds([from.id, ...from.lineage]) : '', channel, key]
  const isKept = to.claim !== undefined || to.staleMs > longestMs
  const common = [from?.id ?? '', id, deed, spellEnds(to.ends), isKept ? '0' : ms(to.staleMs), isKept ? '1' : '']
  const args = [...common, spellState(to, from), channel, key, to.writtenAtMs === undefined ? '' : ms(to.writtenAtMs)]
  args.push(to.whileLive ? '1' : '')
  return deed === 'set' ? [...args, asBuffer(to.data)] : args
}

function spellEnds(ends: Draft['ends']): string {
  if (!ends) return '-'
  const [sign, time] = 'atMs' in ends ? ['=', ends.atMs] : ['+', ends.inMs]
  return time > longestMs ? '-' : `${sign}${ms(time)}`
}

const ms = (time: number): string => `${Math.ceil(time)}`

export const deedOf = ({ from, to }: Change): Deed => {
  if (!to) return 'remove'
  if (to.data === 'keep') return 'keep'
  return to.data ? 'set' : from ? 'drop' : 'keep'
}

const asBuffer = (data: Draft['data']): Buffer =>
  data instanceof Uint8Array ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.alloc(0)

/** Sends it once. */
export function* attempt(server: RedisServer, change: TracedChange, channel: string): Steps<Committed> {
  const { key } = change
  const reply = yield* server.run(commitScript, key, argumentsOf(change, deedOf(change), channel))
  const status = Number(reply[0])
  const nowMs = server.clock.heard(reply[1])
  if (status === foreign) throw foreignFormat(key)
  // A client may have sent it twice by itself, because it had lost the first reply.
  return status === committed || seenIn(change, reply).verdict === 'done' ? became(change, nowMs) : 'moved'
}

/** What the reply of a script that has changed nothing shows of the call. */
function seenIn({ key, from, to, id }: TracedChange, [, nowMs, words, removals]: readonly unknown[]) {
  const state = asReplyBytes(words)
  const trace = asReplyBytes(removals)?.toString('latin1') ?? ''
  const now = state && stateIn(state, key, Number(nowMs), () => just(() => 'moved'))
  const verdict = trace.includes(id) ? 'done' : judge(now, { from: from?.id, to: to?.id })
  return { now, trace, verdict }
}

function became({ from, to }: Change, nowMs: number): Committed {
  if (!to) return 'removed'
  const { data } = to
  return keptOf(to, from, nowMs, () => {
    if (data !== 'keep') return just(() => data ?? new Uint8Array(0))
    return from ? from.data() : just(() => 'moved')
  })
}

/** What became of the call? `untouched`: nothing, so it may be sent again. Throws the third result, because of `doubt`. */
export function* lookAt(server: RedisServer, change: TracedChange, doubt: unknown): Steps<Committed | 'untouched'> {
  const { key, from, to } = change
  let reply: readonly unknown[]
  try {
    const args = argumentsOf(change, 'look', '')
    reply = yield* server.look(() => server.evaluate(commitScript, server.names.of(key), args))
  } catch {
    throw unknownOutcome(key, from, to, doubt)
  }
  const { now, trace, verdict } = seenIn(change, reply)
  if (verdict === 'done') return became(change, Number(reply[1]))
  if (verdict === 'moved') return 'moved'
  // From here on it counts whether the key could have lost its memory of the call meanwhile.
  const isRemembered = trace.length < mostOfTrace && monotonicMs() - change.sinceMs < shortestMemoryMs(to)
  if (verdict === 'untouched' && (from || isRemembered)) return 'untouched'
  if (!from && isRemembered && now && now.lineage.length < mostOfLineage) return 'moved'
  throw unknownOutcome(key, from, to, doubt)
}

/** A state that has expired meanwhile is as if it had never been. */
const shortestMemoryMs = (to: Draft | undefined): number =>
  Math.min(traceMs / 2, to?.ends && 'inMs' in to.ends ? to.ends.inMs : Number.POSITIVE_INFINITY)

/** Of so many states before itself each knows: if it knows of fewer, there were no more. */
const mostOfLineage = 3
