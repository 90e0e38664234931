// Who holds a lock (./hold.ts), for whoever did not get it.

import { readState } from '../cell/transition.js'
import { fs, type Steps } from '../core/steps.js'
import { type Locking, parseLock } from './hold.js'

/** Who holds it. */
export interface Holder {
  /** The process, as private names spell it: place, pid and birth. */
  readonly owner: string
  /** On its machine, in its pid namespace. */
  readonly pid: number
  readonly fence: number
  /** Undefined: nobody here can tell, because it is another machine, another container, or before the last boot. */
  readonly alive: boolean | undefined
}

export function* holderOf({ dir, trial }: Locking): Steps<Holder | undefined> {
  const now = yield* readState(dir, trial)
  if (typeof now === 'string') return undefined
  const { owner, fence } = parseLock(dir, now)
  if (owner === undefined) return undefined
  return { owner, fence, pid: Number.parseInt(owner.split('-')[1] ?? '', 36), alive: yield* fs.alive(owner) }
}

/** It was waited for, and not got. */
export function lockHeld({ path }: Locking, holder: Holder | undefined, cause: unknown): Error {
  const lives = holder?.alive ? 'which lives' : 'of whom nobody here can tell whether it lives'
  const who = holder ? `process ${holder.pid}, ${lives} (fence ${holder.fence})` : 'others in turn'
  return Object.assign(new Error(`The lock is held by ${who}: ${path}`, { cause }), {
    code: 'ERR_LOCK_HELD',
    path,
    holder,
  })
}
