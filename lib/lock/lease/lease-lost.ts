// The error of a holder that has lost its lock. It names what was seen in the lock's place, and nothing else.

import type { State } from '../../cell/state.js'
import { isBroken } from '../break/broken.js'
import type { Loss, LostBecause } from '../holder/seen.js'
import { describeHolder } from '../holder.js'
import type { Token } from '../token.js'

/** Why the lock is lost, from what is there instead. */
export function lostBecause(now: State | 'void' | 'absent', token: Token | undefined, fence: number): LostBecause {
  if (now === 'absent') return 'its directory is gone'
  if (now === 'void' || !token) return 'its directory is empty'
  if (token.previous === 'broken' || isBroken(token.more, fence)) return 'it was broken (lock.break)'
  if (token.owner !== undefined) return 'another holder has taken it over'
  // The fence grows with each holder, so one that is free with a greater fence was held by another meanwhile.
  return token.fence > fence ? 'another holder has taken it over, and released it' : 'another process has freed it'
}

/** The holder could make no heartbeat for so long that others may take its lock over. */
export const leaseStaleError = (path: string, fence: number, staleMs: number, cause: unknown): Error =>
  Object.assign(
    new Error(`The lock could not be renewed for ${staleMs} ms, so it may be lost: ${path} (fence ${fence})`, {
      cause,
    }),
    { code: 'ERR_LEASE_STALE', path },
  )

export const isLeaseLost = (error: unknown): boolean => (error as NodeJS.ErrnoException)?.code === 'ERR_LEASE_LOST'

/** `loss`: what was seen; undefined: the holder has released the lock itself. */
export function leaseLostError(path: string, fence: number, loss: Loss | undefined): Error {
  const { because = 'it was released', holder, fence: later, cause } = loss ?? {}
  const by = holder ? `: ${describeHolder(holder)}` : later === undefined ? '' : ` (fence ${later})`
  const message = `The lock is no longer held, because ${because}${by}: ${path} (fence ${fence})`
  const error = new Error(message, cause === undefined ? {} : { cause })
  return Object.assign(error, { code: 'ERR_LEASE_LOST', path, ...(holder && { holder }) })
}
