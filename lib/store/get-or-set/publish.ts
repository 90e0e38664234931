// A value that a call has made gets into the store, unless what the call had observed is not true any more.

import type { Steps } from '../../core/steps.js'
import { isOpen } from '../../parts/life.js'
import type { Claim, Kept } from '../backing.js'
import { commitSurely, newAttempt } from '../claim/commit.js'
import { encode } from '../codec.js'
import { endsIn, isLive } from '../expiry.js'
import type { Next } from '../kept.js'
import type { Making } from './job.js'
import { asEntry } from './look.js'
import type { Got } from './options.js'

/** What was there when the work began. */
export interface Base {
  /** Of the value, or of the claim on nothing; undefined: the key had no state, and was not claimed. */
  readonly version: string | undefined
  /** undefined: the call has none. */
  readonly claim: Claim | undefined
}

export interface Made<T> {
  readonly key: string
  readonly value: T
  readonly ttlMs: number
}

/**
 * `same`: nothing was set or removed, so the value may be put there. `taken`: another call has taken the claim over. `set`: a
 * value was set. `removed`: what was there was removed, and so was the claim.
 */
export type Verdict = 'same' | 'taken' | 'set' | 'removed'

export function judge({ version, claim }: Base, now: Kept | undefined): Verdict {
  if (isLive(now) && now.version !== version) return 'set'
  const isSame = now?.version === version
  if (claim && isSame && now?.claim)
    return now.claim.owner === claim.owner && now.claim.fence === claim.fence ? 'same' : 'taken'
  // The claim has gone, but what was observed is there: as after a call that took the claim over, and failed.
  if (isSame && now?.kind === 'live') return 'same'
  // Without a claim, a claim of another call on nothing is no reason not to put the value there.
  return !claim && now?.kind === 'none' ? 'same' : 'removed'
}

/**
 * Puts the value where `from` is, and releases the claim, in one commit. Returns what the caller gets; undefined: another call
 * has taken the claim over, and is making a value.
 */
export function* publish<T>(
  making: Making<T>,
  base: Base,
  from: Kept | undefined,
  made: Made<T>,
): Steps<Got<T> | undefined> {
  const { inner, staleMs, lastWins } = making
  const { key, value } = made
  const unstored = { value, version: undefined, source: 'unstored' } as const
  // A store that was closed meanwhile has given the claim back.
  if (!inner.writes || !isOpen(inner.life)) return unstored
  const next = nextOf(made, staleMs, encode(inner, value, 'what compute returned'))
  const attempt = newAttempt()
  for (let at = from; ; ) {
    const place = { backing: inner.backing, key }
    const { made: done, now } = yield* carryingValue(value, commitSurely(place, at, next, attempt))
    if (done) return { value, version: done.version, source: 'made' }
    const verdict = judge(base, now)
    if (verdict === 'taken') return undefined
    if (verdict === 'removed') return unstored
    at = now
    if (verdict === 'same' || lastWins) continue
    const met = yield* asEntry(inner, key, now as Kept)
    // What is damaged is replaced; and if it was replaced already, the commit fails, and is followed by another look.
    if (typeof met === 'object') return { value: met.value, version: met.version, source: 'met' }
  }
}

/** The version is a new one, and the claim goes. */
const nextOf = ({ ttlMs }: { readonly ttlMs: number }, staleMs: number, data: Uint8Array): Next => ({
  kind: 'live',
  ends: endsIn(ttlMs),
  staleMs: ttlMs === Number.POSITIVE_INFINITY ? 0 : staleMs,
  data,
})

/** What was made may be needed, as a token that replaces one which is not valid any more: an error has it. */
function* carryingValue<R>(value: unknown, steps: Steps<R>): Steps<R> {
  try {
    return yield* steps
  } catch (error) {
    // Not enumerable, because values may be secrets, and errors are logged.
    if (typeof error === 'object' && error !== null)
      Object.defineProperty(error, 'value', { value, configurable: true })
    throw error
  }
}
