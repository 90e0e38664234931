// Locks that are free, and are not needed any more.

import { clear, readState } from '../cell/transition.js'
import { hasCode, isSystemError } from '../core/errors.js'
import { type Entry, fs, orNothing, type Steps } from '../core/steps.js'
import { withoutBreak } from '../lock/break/broken.js'
import { newSighting } from '../lock/evidence/sighting.js'
import { isPast } from '../lock/fence.js'
import { asLocking } from '../lock/options.js'
import { isMarked, isRemovable } from '../lock/place/own-directory.js'
import { removeUnused } from '../lock/slots/clear.js'
import { slotDir } from '../lock/slots/own-slots.js'
import { type SlotCount, slotCountOf } from '../lock/slots/slot-count.js'
import { parseLock, type Token } from '../lock/token.js'
import { wantOf } from '../lock/turn/want.js'
import { mayTake } from '../lock/turn.js'
import type { Trial } from '../parts/achieve.js'
import { type OpenDirectory, pathIn, pathTo } from '../parts/directory-handle.js'
import type { Sweeping } from './job.js'

/** Has it the name of a lock, or else, as `lockPath` allows, the mark of one? */
export function* mayBeLock(entry: Entry, dir: OpenDirectory): Steps<boolean> {
  if (entry.kind !== 'directory') return false
  if (/\.lock(\.\d+)?$/s.test(entry.name.toString())) return true
  const there = yield* fs.lstat(pathIn(dir, entry), orNothing)
  return there !== undefined && isMarked(there)
}

/**
 * Removes a lock that is free and that no call waits for. Returns whether this call did it. What other packages have there
 * stays, and so does a lock whose next fence might not be greater than its last.
 */
export function* sweepLock({ name }: Entry, dir: OpenDirectory, { dryRun }: Sweeping): Steps<boolean> {
  const at = pathTo(dir)
  // As with cells: what is no text cannot be read by path.
  if (typeof at !== 'string' || typeof name !== 'string') return false
  const path = `${at}/${name}`
  const trial: Trial = { as: 'sweep', path, retryFor: 0 }
  try {
    const now = yield* readState(path, trial)
    if (typeof now === 'string') return false
    const gate = /^(.*)\.\d+$/s.exec(path)?.[1]
    if (gate !== undefined && (yield* readState(gate, trial)) !== 'absent') return false
    const token = parseLock(path, now)
    const { owner, more, fence } = token
    if (owner !== undefined || !(yield* isRemovable(path))) return false
    const slots = slotCountOf(more)
    if (slots) return yield* sweepShared(path, slots, dryRun, trial)
    const said = { ...token, more: withoutBreak(more) }
    if (said.more.length > 0 && !(yield* isUnclaimed(said))) return false
    return dryRun || ((yield* isPast(path, fence)) && (yield* clear(path, now, trial)) === 'mine')
  } catch (error) {
    if (isUnlocked(error)) return false
    throw error
  }
}

/** A lock that was shared goes with its slots, if all are free. */
function* sweepShared(dir: string, { count }: SlotCount, dryRun: boolean, trial: Trial): Steps<boolean> {
  const locking = { ...asLocking(dir, { lockPath: dir }, 'sweep', []), trial }
  if (!dryRun) return yield* removeUnused(locking)
  for (let number = 1; number <= count; number++) {
    const now = yield* readState(slotDir(dir, number), trial)
    if (typeof now === 'object' && parseLock(dir, now).owner !== undefined) return false
  }
  return true
}

/** The lock is kept for a call that is dead, or does not come. Of whatever else the token says, nothing is known. */
function* isUnclaimed(token: Token): Steps<boolean> {
  return token.more.length === 1 && wantOf(token) !== undefined && (yield* mayTake(token, newSighting(true)))
}

/** It is no lock, or not any more; or it cannot be known which call has removed it. */
const isUnlocked = (error: unknown): boolean =>
  isSystemError(error)
    ? hasCode(error, 'ENOENT', 'ENOTDIR')
    : ['ERR_NOT_A_CELL', 'ERR_UNKNOWN_OUTCOME'].includes((error as NodeJS.ErrnoException).code ?? '')
