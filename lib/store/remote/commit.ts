// A commit on a server, where a reply may be lost. Its condition names an id that is used once, so it may be sent
// again: a request that arrives twice, or late, finds another state, and changes nothing. Only a state that was made on
// nothing, and is gone again, leaves no trace: then the outcome is unknown.

import { isInterruption } from '../../core/interruption.js'
import type { Steps } from '../../core/steps.js'
import type { Backing, Draft, Kept } from '../backing.js'
import { draft } from '../kept.js'
import { confirmCommit, judge, unknownOutcome } from '../unknown-outcome.js'
import type { Failure } from './failure.js'
import { Tries } from './pause.js'

export type Committed = Kept | 'removed' | 'moved'

export interface Change {
  readonly key: string
  readonly from: Kept | undefined
  readonly to: Draft | undefined
}

export interface Attempt extends Change {
  readonly to: Draft
}

export interface Server<A extends Change = Attempt> extends Pick<Backing, 'read'> {
  readonly retryForMs: number
  /** Sends the request once. */
  attempt(attempt: A): Steps<Committed>
  failureOf(error: unknown): Failure
  /** A look of its own, where the server keeps more of a call than its state. `untouched`: it may be sent again. */
  look?(attempt: A, doubt: unknown): Steps<Committed | 'untouched'>
}

/** Removes exactly one state, and returns whether it was there; true as well where the server has no way to do it. */
export type Drop = (nothing: Kept) => Steps<boolean>

/**
 * Commits, whatever becomes of replies. What is taken away becomes a state without a value first, because that
 * remembers which call has made it. That is then dropped; where this fails it reads as nothing all the same, and
 * `sweep` removes it.
 */
export function* commitRemotely(server: Server, { key, from, to }: Change, drop: Drop): Steps<Committed> {
  if (to) return yield* untilKnown(server, { key, from, to: { ...to, lineage: lineageAfter(from) } })
  if (!from) return 'removed'
  if (isNothing(from)) return (yield* drop(from)) ? 'removed' : 'moved'
  const nothing = yield* draft(from, { kind: 'none', ends: undefined, data: undefined })
  const made = yield* untilKnown(server, { key, from, to: { ...nothing, lineage: lineageAfter(from) } })
  if (typeof made === 'string') return made
  try {
    yield* drop(made)
  } catch (error) {
    if (isInterruption(error) || server.failureOf(error) === 'refused') throw error
  }
  return 'removed'
}

/** Is there neither a value nor a claim? */
export const isNothing = ({ kind, claim }: Kept): boolean => kind === 'none' && claim === undefined

/**
 * How many states before itself a state remembers on a server: while a call finds out that a reply is lost, many may
 * come.
 */
const mostRemembered = 16

const lineageAfter = (from: Kept | undefined): readonly string[] =>
  from ? [from.id, ...from.lineage].slice(0, mostRemembered) : []

/** Sends the request until it is known what became of it. */
export function* untilKnown<A extends Change>(server: Server<A>, change: A): Steps<Committed> {
  let tries: Tries | undefined
  let doubt: unknown
  for (;;) {
    let failure: unknown
    let isRefused = false
    try {
      const committed = yield* server.attempt(change)
      if (committed !== 'moved' || doubt === undefined) return committed
      isRefused = true
    } catch (error) {
      if (isInterruption(error)) throw error
      const kind = server.failureOf(error)
      if (kind === 'refused' && doubt === undefined) throw error
      failure = error
      if (kind !== 'put off') doubt = error
    }
    if (doubt !== undefined) {
      const committed = yield* server.look?.(change, doubt) ?? lookAt(server, change, doubt)
      if (committed !== 'untouched') return committed
      // The state is there, so its entry has ended; and the request is refused as well if it comes once more.
      if (isRefused && change.to?.whileLive) return 'moved'
      failure = unknownOutcome(change.key, change.from, change.to, doubt)
    }
    tries ??= new Tries(server.retryForMs)
    yield* tries.again(failure)
  }
}

/** `untouched`: the state before is there, so the request may be sent again. Throws the third result. */
function* lookAt(
  server: Pick<Backing, 'read'>,
  { key, from, to }: Change,
  doubt: unknown,
): Steps<Committed | 'untouched'> {
  let isUntouched = false
  const seen: Backing['read'] = function* (one) {
    const now = yield* server.read(one)
    isUntouched = from !== undefined && judge(now, { from: from.id, to: to?.id }) === 'untouched'
    return now
  }
  try {
    return yield* confirmCommit({ read: seen }, key, from, to, doubt)
  } catch (error) {
    if (isUntouched) return 'untouched'
    throw error
  }
}
