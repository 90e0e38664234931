// The error of a holder that has lost its lock. It names what was seen in the lock's place, and nothing else.

import type { State } from '../cell/state.js'
import { isBroken } from './broken.js'

export type LostBecause =
  | 'another holder has taken it over'
  | 'another process has freed it'
  | 'it was ended by force (lock.break)'
  | 'its directory is gone'
  | 'its directory is empty'
  | 'the filesystem did not say whether it was kept'

/** How many fields of a token are its own (./token.ts). */
const [freeLength, heldLength] = [3, 6]

/** Why the lock is lost, from what is there instead of the holder's own state. */
export function lostBecause(now: State | 'void' | 'absent', fence: number): LostBecause {
  if (now === 'absent') return 'its directory is gone'
  if (now === 'void') return 'its directory is empty'
  const [kind, later = ''] = now.fields
  if (isBroken(now.fields.slice(kind === 'h' ? heldLength : freeLength), fence))
    return 'it was ended by force (lock.break)'
  // The fence grows with each holder, so one that is free with a greater fence was held by another meanwhile.
  const wasTaken = kind === 'h' || Number.parseInt(later, 36) > fence
  return wasTaken ? 'another holder has taken it over' : 'another process has freed it'
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

export const leaseLostError = (path: string, fence: number, why: string): Error =>
  Object.assign(new Error(`The lock is no longer held, because ${why}: ${path} (fence ${fence})`), {
    code: 'ERR_LEASE_LOST',
    path,
  })
