// Who holds a lock (./hold.ts), for a caller that did not get it.

import { readState } from '../cell/transition.js'
import { pidOf } from '../core/owner.js'
import { fs, type Steps } from '../core/steps.js'
import { byAnother, isForeign, statEmpty } from './foreign.js'
import type { Locking } from './hold.js'
import { settlePlace } from './place.js'
import { parseLock } from './token.js'

/** Who holds a lock. */
export interface Holder {
  /** The thread, as locks spell it: where it is, and the ids and births of its process and itself. */
  readonly owner: string
  /** Its pid, on its own machine and in its own pid namespace; undefined if another package holds the lock. */
  readonly pid: number | undefined
  /** The fencing token of its hold. */
  readonly fence: number
  /** Undefined if unknown: the holder is on another machine, in another container, or from an earlier boot. */
  readonly alive: boolean | undefined
  /** Set if another package holds it: nothing more is known then. */
  readonly foreign?: true
}

export function* holderOf(locking: Locking): Steps<Holder | undefined> {
  if (locking.lockDir !== undefined) yield* settlePlace(locking)
  const { dir, trial } = locking
  const now = yield* readState(dir, trial)
  if (now === 'void') return yield* foreignAt(dir)
  if (now === 'absent') return undefined
  const { owner, fence } = parseLock(dir, now)
  if (owner === undefined) return undefined
  return { owner, fence, pid: pidOf(owner), alive: yield* fs.alive(owner) }
}

export const foreignHolder: Holder = { owner: byAnother, pid: undefined, fence: 0, alive: undefined, foreign: true }

/** An empty directory without our mark is another package's lock. */
function* foreignAt(dir: string): Steps<Holder | undefined> {
  const there = yield* statEmpty(dir)
  return there && isForeign(there) ? foreignHolder : undefined
}

/** The error of a caller that did not get the lock. */
export function lockHeld({ path, dir }: Locking, holder: Holder | undefined, cause: unknown): Error {
  const who = holder ? describe(holder, dir) : 'others in turn'
  return Object.assign(new Error(`The lock is held by ${who}: ${path}`, { cause }), {
    code: 'ERR_LOCK_HELD',
    path,
    holder,
  })
}

function describe(holder: Holder, dir: string): string {
  if (holder.foreign) return `another package, whose empty directory '${dir}' it is`
  return `process ${holder.pid}, ${describeLife(holder)} (fence ${holder.fence})`
}

function describeLife({ alive }: Holder): string {
  if (alive === undefined) return 'which may or may not be alive'
  return alive ? 'which is alive' : 'which is dead'
}
