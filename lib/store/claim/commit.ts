// A commit whose outcome is known afterwards. Where the commit itself does not say it, a look follows; and if that finds the
// state before, the commit is made once more, because the first may be on its way yet: of both, one at most succeeds.

import { isInterruption } from '../../core/interruption.js'
import type { Steps } from '../../core/steps.js'
import type { Backing, Claim, Draft, Kept } from '../backing.js'
import { sameEnd } from '../expiry.js'
import { descendsFrom, draft, type Next } from '../kept.js'
import { isUnknownOutcome } from '../unknown-outcome.js'

export interface Place {
  readonly backing: Backing
  readonly key: string
}

export interface Committed {
  readonly isMade: boolean
  /** The draft that was committed; undefined: it was not. What was there afterwards may have been changed again. */
  readonly made: Draft | undefined
  /** What is there, as the commit has left it, or as a look has found it. */
  readonly now: Kept | undefined
  /** The abort or the time-out that came meanwhile, and was not thrown. */
  readonly interruption: unknown
}

/** What was committed, or may have been. */
export interface Attempt {
  readonly drafts: Draft[]
  interruption: unknown
}

export const newAttempt = (): Attempt => ({ drafts: [], interruption: undefined })

const mostTries = 3

/** What the next state says: all of it, or only its claim, and then the rest is that of the state before. */
export type NextOrClaim = Next | { readonly claim: Claim | undefined }

/** Throws if the outcome cannot be known. */
export function* commitSurely(
  place: Place,
  from: Kept | undefined,
  next: NextOrClaim,
  attempt = newAttempt(),
): Steps<Committed> {
  for (let tries = 1; ; tries++) {
    const to = yield* draft(from, 'kind' in next ? next : { ...contentOf(from), ...next })
    attempt.drafts.push(to)
    try {
      const result = yield* place.backing.commit(place.key, from, to)
      if (typeof result === 'object') return { isMade: true, made: to, now: result, interruption: attempt.interruption }
      return seen(attempt, yield* place.backing.read(place.key))
    } catch (error) {
      if (isInterruption(error)) attempt.interruption = error
      else if (!isUnknownOutcome(error)) throw error
      const now = yield* lookAfter(error, place)
      if (now?.id !== from?.id) return seen(attempt, now)
      if (tries >= mostTries && !isInterruption(error)) throw error
    }
  }
}

function seen({ drafts, interruption }: Attempt, now: Kept | undefined): Committed {
  const made = drafts.find(({ id }) => now && descendsFrom(now, id))
  return { isMade: made !== undefined, made, now, interruption }
}

/** What a state says besides its claim. What is no value is nothing. */
const contentOf = (from: Kept | undefined): Next =>
  from?.kind === 'live'
    ? { kind: 'live', version: from.version, ends: sameEnd(from), staleMs: from.staleMs, data: 'keep' }
    : { kind: 'none', ends: undefined, data: undefined, ...(from?.kind === 'none' && { version: from.version }) }

function* lookAfter(error: unknown, { backing, key }: Place): Steps<Kept | undefined> {
  try {
    return yield* backing.read(key)
  } catch {
    throw error
  }
}

/** Takes the state away. */
export function* removeSurely(place: Place, from: Kept): Steps<Omit<Committed, 'made'>> {
  let interruption: unknown
  for (let tries = 1; ; tries++) {
    try {
      const result = yield* place.backing.commit(place.key, from, undefined)
      if (result === 'removed') return { isMade: true, now: undefined, interruption }
      return { isMade: false, now: yield* place.backing.read(place.key), interruption }
    } catch (error) {
      if (isInterruption(error)) interruption = error
      else if (!isUnknownOutcome(error)) throw error
      const now = yield* lookAfter(error, place)
      // Whichever call has taken it away, it is.
      if (now?.id !== from.id) return { isMade: now === undefined, now, interruption }
      if (tries >= mostTries && !isInterruption(error)) throw error
    }
  }
}
