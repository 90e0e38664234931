// Who holds a lock (./hold.ts), for a caller that did not get it.

import { readState } from '../cell/transition.js'
import { pidOf } from '../core/owner.js'
import { fs, type Steps } from '../core/steps.js'
import type { Locking, Sharing } from './job.js'
import type { SlotCount } from './slot-count.js'
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

export function* holderOf({ dir, trial }: Locking): Steps<Holder | undefined> {
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

/** The lock is held by calls that share it in another way than this one wants to. */
export function lockMismatch(path: string, slots: SlotCount, sharing: Sharing, holder: Holder | undefined): Error {
  const now = slots.kind === 's' ? 'shared' : describeHolders(slots.count)
  const wanted = sharing === 'shared' ? 'shared' : describeHolders(sharing.holders)
  return Object.assign(new Error(`The lock is held as ${now}, and cannot be held as ${wanted} meanwhile: ${path}`), {
    code: 'ERR_LOCK_MISMATCH',
    path,
    holder,
  })
}

const describeHolders = (count: number): string => `\`holders: ${count}\``

function describeLife({ alive }: Holder): string {
  if (alive === undefined) return 'which may or may not be alive'
  return alive ? 'which is alive' : 'which is dead'
}
