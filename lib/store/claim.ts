// A claim on a key, in the key's own state: whose call is making a value for it. Readers go on with the value that is there.
// What publishes the value, and releases the claim, is one commit of the exact claimed state: it does nothing if the claim
// was taken over, or removed, meanwhile.

import { isInterruption } from '../core/interruption.js'
import { fs, type Steps } from '../core/steps.js'
import { cleaningUp } from '../parts/cleanup.js'
import type { Claim, Draft, Kept } from './backing.js'
import { commitSurely, newAttempt, type Place, removeSurely } from './claim/commit.js'
import { lastFenceOf, type Next } from './kept.js'

export type { Place } from './claim/commit.js'

/** A claim that this call has made. */
export interface Held {
  readonly place: Place
  readonly claim: Claim
  /** Of the value that was there when it was made, or of the claim on nothing. */
  readonly version: string
  /** The state with the claim, as far as this call knows it: each heartbeat changes it. */
  state: Kept
  /** It is not this call's any more: it was released, removed, or another call has taken it over. */
  lost: 'taken' | 'removed' | undefined
}

export interface Claiming {
  readonly leaseMs: number
  /** What the state says besides. @default what it said before */
  readonly next?: ((fence: number) => Next) | undefined
  /** @default 1 */
  readonly leastFence?: number
}

/** Claims a key that was in the state `from`. If another call was first, returns what is there now. */
export function* claim(
  place: Place,
  from: Kept | undefined,
  { leaseMs, next, leastFence = 1 }: Claiming,
): Steps<Held | { readonly now: Kept | undefined }> {
  const owner = yield* place.backing.claims.self()
  const fence = Math.max(leastFence, lastFenceOf(from) + 1)
  const attempt = newAttempt()
  try {
    const { made, now, interruption } = yield* commitSurely(
      place,
      from,
      { ...next?.(fence), claim: { owner, fence, leaseMs } },
      attempt,
    )
    if (interruption) throw interruption
    return (made && heldIn(place, now, made)) || { now }
  } catch (error) {
    // It may have been made.
    yield* cleaningUp(() => releaseUnseen(place, attempt.drafts))
    throw error
  }
}

/** The claim that a draft has brought, if it is in the state that is there now. */
function heldIn(place: Place, now: Kept | undefined, { claim, version }: Draft): Held | undefined {
  if (!now || !claim) return undefined
  const held: Held = { place, claim, version, state: now, lost: undefined }
  return isOwn(now, held) ? held : undefined
}

/** Does the state have this very claim? A claim on nothing that was removed, and one that was made later, are others. */
export const isOwn = (now: Kept | undefined, { claim: { owner, fence }, version }: Pick<Held, 'claim' | 'version'>) =>
  now?.claim?.owner === owner && now.claim.fence === fence && now.version === version

/** Shows that the holder is alive. If the claim is not there any more, notes that. */
export function* beat(held: Held): Steps<void> {
  while (!held.lost) {
    const { made, now, interruption } = yield* commitSurely(held.place, held.state, { claim: held.claim })
    see(held, now)
    if (interruption) throw interruption
    if (made) return
  }
}

/** What is there now says whether the claim is. */
function see(held: Held, now: Kept | undefined): void {
  if (now && isOwn(now, held)) held.state = now
  else held.lost = now?.claim && now.version === held.version ? 'taken' : 'removed'
}

/**
 * Releases the claim, if it is there still: what was there besides stays. If that fails, it is tried again in the background,
 * because others wait for as long as this process lives.
 */
export const release = (held: Held): Steps<void> => surely(() => releaseOnce(held))

const releaseUnseen = (place: Place, drafts: readonly Draft[]): Steps<void> =>
  surely(function* () {
    const now = yield* place.backing.read(place.key)
    for (const made of drafts) {
      const held = heldIn(place, now, made)
      if (held) yield* releaseOnce(held)
    }
  })

const mostTries = 3

function* surely(steps: () => Steps<unknown>): Steps<void> {
  for (let tries = 1; tries <= mostTries; tries++) {
    try {
      yield* steps()
      return
    } catch (error) {
      if (isInterruption(error)) throw error
    }
  }
  yield* fs.later(function* () {
    yield* steps()
  })
}

/** Releases the claim, if it is there still. Returns whether this call did it. */
export function* releaseOnce(held: Held): Steps<boolean> {
  let isDone = false
  while (!held.lost) {
    const { place, state } = held
    const { isMade, now, interruption } =
      state.kind === 'none'
        ? yield* removeSurely(place, state)
        : yield* commitSurely(place, state, { claim: undefined })
    isDone ||= isMade
    see(held, now)
    if (interruption) throw interruption
  }
  return isDone
}
