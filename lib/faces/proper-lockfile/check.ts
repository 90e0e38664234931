// Whether a file is locked.

import { isNotACell } from '../../cell/transition.js'
import { epochMs } from '../../core/moment.js'
import { fs, orNothing, type Steps } from '../../core/steps.js'
import { lock } from '../../lock.js'
import { type Asked, canonical } from './options.js'

/** Is the file locked, and not by a holder that is dead, or was silent for too long? */
export function* isLocked(asked: Asked): Steps<boolean> {
  const file = yield* canonical(asked)
  const lockPath = placeOf(file, asked)
  try {
    const holder = yield* lock.holder.steps(file, { lockPath })
    if (!holder) return false
    return holder.alive ?? (yield* isFresh(lockPath, asked.staleMs))
  } catch (error) {
    if (isNotACell(error)) return yield* isFresh(lockPath, asked.staleMs)
    throw error
  }
}

/** Each heartbeat, of either package, changes the directory. What is no lock of either is judged as if it were one. */
export function* isFresh(lockPath: string, staleMs: number): Steps<boolean> {
  const there = yield* fs.stat(lockPath, orNothing)
  return there !== undefined && Number(there.mtimeMs) >= epochMs() - staleMs
}

/** Where the lock of the file is. */
export const placeOf = (file: string, { lockfilePath }: Asked): string => lockfilePath ?? `${file}.lock`
