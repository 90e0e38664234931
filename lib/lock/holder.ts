// Who holds a lock (./hold.ts), for a caller that did not get it.

import { readState } from '../cell/transition.js'
import { pidOf } from '../core/owner.js'
import { fs, type Steps } from '../core/steps.js'
import type { Locking } from './hold.js'
import { settlePlace } from './place.js'
import { parseLock } from './token.js'

/** Who holds a lock. */
export interface Holder {
  /** The thread, as locks spell it: where it is, and the ids and births of its process and itself. */
  readonly owner: string
  /** Its pid, on its own machine and in its own pid namespace. */
  readonly pid: number
  /** The fencing token of its hold. */
  readonly fence: number
  /** Undefined if unknown: the holder is on another machine, in another container, or from an earlier boot. */
  readonly alive: boolean | undefined
}

export function* holderOf(locking: Locking): Steps<Holder | undefined> {
  if (locking.lockDir !== undefined) yield* settlePlace(locking)
  const { dir, trial } = locking
  const now = yield* readState(dir, trial)
  if (typeof now === 'string') return undefined
  const { owner, fence } = parseLock(dir, now)
  if (owner === undefined) return undefined
  return { owner, fence, pid: pidOf(owner), alive: yield* fs.alive(owner) }
}

/** The error of a caller that did not get the lock. */
export function lockHeld({ path }: Locking, holder: Holder | undefined, cause: unknown): Error {
  const who = holder ? `process ${holder.pid}, ${describeLife(holder)} (fence ${holder.fence})` : 'others in turn'
  return Object.assign(new Error(`The lock is held by ${who}: ${path}`, { cause }), {
    code: 'ERR_LOCK_HELD',
    path,
    holder,
  })
}

function describeLife({ alive }: Holder): string {
  if (alive === undefined) return 'which may or may not be alive'
  return alive ? 'which is alive' : 'which is dead'
}
