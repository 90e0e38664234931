// The third result of a commit: it is known neither that it was done nor that it was not. A state names those before it,
// so usually one look shows which.

import type { Steps } from '../core/steps.js'
import type { Backing, Draft, Kept } from './backing.js'
import { just } from './just.js'
import { descendsFrom, keptOf } from './kept.js'

/** A change of which it is not known whether it was made. */
export interface UnknownOutcome extends Error {
  readonly code: 'ERR_UNKNOWN_OUTCOME'
  readonly key: string
  /** The id that the state has if the change was made; undefined if it was to take the state away. */
  readonly attempt: string | undefined
}

interface Attempt {
  readonly from: string | undefined
  readonly to: string | undefined
}

/** What was attempted, for each error: an error that has come from elsewhere says only what it shows. */
const attempts = new WeakMap<object, Attempt>()

export function unknownOutcome(
  key: string,
  from: Pick<Kept, 'id'> | undefined,
  to: Pick<Draft, 'id'> | undefined,
  cause: unknown,
): UnknownOutcome {
  const message = `It cannot be known whether this call changed the store: ${JSON.stringify(key)}`
  const code = 'ERR_UNKNOWN_OUTCOME' as const
  const error = Object.assign(new Error(message, { cause }), { code, key, attempt: to?.id })
  attempts.set(error, { from: from?.id, to: to?.id })
  return error
}

export const isUnknownOutcome = (error: unknown): error is UnknownOutcome =>
  (error as Partial<UnknownOutcome> | undefined)?.code === 'ERR_UNKNOWN_OUTCOME'

/** What a look shows of a commit. `untouched`: the state before is still there. */
export type Verdict = 'done' | 'moved' | 'untouched' | 'unknown'

export function judge(now: Kept | undefined, { from, to }: Attempt): Verdict {
  if (to !== undefined && now && descendsFrom(now, to)) return 'done'
  if (now?.id === from) return 'untouched'
  // Another state has come of the one before. One that came of ours remembers ours as well, until it has seen too many.
  if (now && from !== undefined && now.lineage.includes(from)) return 'moved'
  return 'unknown'
}

export const attemptOf = (error: UnknownOutcome): Attempt => attempts.get(error) ?? { from: noId, to: error.attempt }

/** No state has it: which one was there before the attempt is not known. */
const noId = ''

/**
 * The look of an engine after a commit whose reply was lost, because of `cause`. Returns what `commit` returns, or throws
 * the third result: also where the state before is still there, because the request may be on its way yet.
 */
export function* confirmCommit(
  backing: Pick<Backing, 'read'>,
  key: string,
  from: Kept | undefined,
  to: Draft | undefined,
  cause: unknown,
): Steps<Kept | 'removed' | 'moved'> {
  let now: Kept | undefined
  try {
    now = yield* backing.read(key)
  } catch {
    throw unknownOutcome(key, from, to, cause)
  }
  const verdict = judge(now, { from: from?.id, to: to?.id })
  if (verdict === 'moved') return 'moved'
  if (verdict !== 'done' || !now || !to) throw unknownOutcome(key, from, to, cause)
  // Others may have gone on from ours, and then the value may be gone.
  return now.id === to.id ? now : keptOf(to, from, now.readAtMs, () => just(() => 'moved'))
}
