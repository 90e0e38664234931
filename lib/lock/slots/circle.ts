// The tasks of one thread that share a lock (../slots.ts) have one slot together: the second joins the first, unless another
// call wants the lock for itself. So a thread that reads all the time keeps no writer out, and takes one slot only.

import { readState } from '../../cell/transition.js'
import { fs, type Steps } from '../../core/steps.js'
import type { Hold, Locking } from '../job.js'
import { acquire, tryAcquire } from '../obtain.js'
import { settlePlace } from '../place.js'
import { parseLock } from '../token.js'
import { isWantedBy } from '../turn/want.js'
import { wholeOf } from '../whole.js'

interface Member {
  readonly hold: Hold
  /** How many have it. */
  shares: number
}

/** What a thread has together, by lock. */
export type Circle = Map<string, Member>

/** Of locks that are found by their paths. */
export const ownCircle: Circle = new Map()

/** Shares the lock, waiting until that is possible. */
export const share = (locking: Locking, circle: Circle): Steps<Hold> => joinOr(locking, circle, acquire) as Steps<Hold>

/** Shares the lock if that is possible at once. */
export const tryShare = (locking: Locking, circle: Circle): Steps<Hold | undefined> =>
  joinOr(locking, circle, tryAcquire)

function* joinOr(
  locking: Locking,
  circle: Circle,
  take: (locking: Locking) => Steps<Hold | undefined>,
): Steps<Hold | undefined> {
  if (locking.lockDir !== undefined) yield* settlePlace(locking)
  const known = circle.get(locking.dir)
  if (known && (yield* mayJoin(known, locking)) && isThere(known)) return shareOf(known, locking, circle)
  const hold = yield* take(locking)
  if (!hold) return undefined
  const member = { hold, shares: 0 }
  circle.set(locking.dir, member)
  return shareOf(member, locking, circle)
}

/** It may be over meanwhile. Others judge it by what its first member has promised. */
const isThere = ({ hold: { over, silence }, shares }: Member): boolean => shares > 0 && !over && !silence

function* mayJoin({ hold }: Member, locking: Locking): Steps<boolean> {
  if (locking.staleMs > hold.staleMs) return false
  // It would wait for a call that waits for its own thread, or for what it is inside of.
  if (locking.around.includes(hold.id) || (yield* fs.blocking())) return true
  const now = yield* readState(locking.dir, locking.trial)
  if (typeof now === 'string') return false
  const { owner, more } = parseLock(locking.dir, now)
  return owner === undefined && !isWantedBy(more)
}

function shareOf(member: Member, { dir }: Locking, circle: Circle): Hold {
  member.shares++
  const keepsParts = () => {
    member.shares--
    if (member.shares > 0) return !member.hold.over
    if (circle.get(dir) === member) circle.delete(dir)
    return false
  }
  return wholeOf([member.hold], keepsParts)
}
