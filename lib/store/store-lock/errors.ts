// Who holds a lock in a store, and the errors that say so.

import { fs, type Steps } from '../../core/steps.js'
import type { Backing, Kept } from '../backing.js'
import type { Inner } from '../inner.js'
import { type Note, noteOf } from './note.js'
import type { StoreHolder } from './options.js'

/** Who holds a lock now; undefined if it is free. @throws `ERR_NOT_A_LOCK` */
export function* readHolder({ backing }: Pick<Inner<unknown>, 'backing'>, key: string): Steps<StoreHolder | undefined> {
  for (;;) {
    const now = yield* backing.read(key)
    if ((yield* noteOf(key, now)) !== 'moved') return yield* holderIn(backing, key, now)
  }
}

/** Who holds a lock whose state was seen; undefined if it is free. */
export function* holderIn({ claims }: Backing, key: string, now: Kept | undefined): Steps<StoreHolder | undefined> {
  if (!now?.claim) return undefined
  const { owner, fence } = now.claim
  const alive = owner === (yield* claims.self()) || (yield* claims.alive(owner))
  const { label, since } = yield* saidIn(key, now)
  return { owner, fence, alive, label, since }
}

function* saidIn(key: string, now: Kept): Steps<Partial<Note>> {
  const note = yield* noteOf(key, now)
  return typeof note === 'object' ? note : {}
}

/** `cause`: the time-out of the call, if that is why it gives up. */
export const lockHeld = (key: string, holder: StoreHolder | undefined, cause: unknown): Error =>
  heldBy(holder ? describeHolder(holder) : 'others in turn', key, holder, cause)

/** As for `lock` (../../lock/holder.ts). */
export const unnamedIfLeft = (key: string): Steps<void> =>
  fs.ifLeft(timeout => heldBy('another, or cannot be taken (no time was left to see)', key, undefined, timeout))

function heldBy(who: string, key: string, holder: StoreHolder | undefined, cause: unknown): Error {
  const error = new Error(`The lock is held by ${who}: ${JSON.stringify(key)}`, cause === undefined ? {} : { cause })
  return Object.assign(error, { code: 'ERR_LOCK_HELD', key, holder })
}

function describeHolder({ owner, fence, alive, label }: StoreHolder): string {
  const life = alive === undefined ? 'may or may not be alive' : alive ? 'is alive' : 'is dead'
  return `${owner}, which ${life} (${label === undefined ? '' : `${JSON.stringify(label)}, `}fence ${fence})`
}

/** `why`: what was found in its place; undefined: its holder has released it. */
export function leaseLost(key: string, fence: number, why: 'taken' | 'removed' | undefined): Error {
  const because = why ? reasons[why] : 'it was released'
  const message = `The lock is no longer held, because ${because}: ${JSON.stringify(key)} (fence ${fence})`
  return Object.assign(new Error(message), { code: 'ERR_LEASE_LOST', key })
}

const reasons = {
  taken: 'another holder has taken it over',
  removed: 'another holder has taken it over, and released it, or its entry was removed',
}
