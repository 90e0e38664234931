// The fencing token. It grows with each holder for as long as the lock's directory stays, and across our own removals of
// that. A lock is born free, with fence 0, and who takes that numbers it by the filesystem's clock: at a moment after the
// lock was there, because another lock may have come and gone between an earlier moment and that.

import { hasCode } from '../core/errors.js'
import { clockOf } from '../core/owner-words.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { clockUs } from '../parts/filesystem-clock.js'
import { type Token, unnumbered } from './token.js'

/** The fence of the next holder. */
export function* nextFence(dir: string, { fence, clock }: Token, me: string): Steps<number> {
  const isOfThisBoot = clock === clockOf(me)
  // A token that names no clock was not written by this version, and is numbered.
  if (clock === undefined || (fence > unnumbered && isOfThisBoot)) return fence + 1
  // A power cut may have brought an earlier name back, so what was written in another boot is numbered anew.
  const bornUs = isOfThisBoot ? yield* birthUs(dir) : undefined
  return Math.max(fence + 1, bornUs ?? (yield* clockUnlessGone(dir)))
}

/**
 * When a lock of this boot was born, or a moment after: its directory was renamed then, and the kernel's own filesystems
 * note that as a change. Undefined of others, whose servers may keep no such time, or send an earlier one.
 */
function* birthUs(dir: string): Steps<number | undefined> {
  if (!(yield* fs.clocked(dir, 'kernel'))) return undefined
  const there = yield* fs.lstat(dir, orNothing)
  return there && Number(there.ctimeNs / 1000n)
}

/** A lock that is gone, with the directory that it was in, is not taken with this fence: the swap of its state fails. */
function* clockUnlessGone(dir: string): Steps<number> {
  try {
    return yield* clockNear(dir)
  } catch (error) {
    if (!hasCode(error, 'ENOENT') || (yield* fs.lstat(dir, orNothing))) throw error
    return unnumbered
  }
}

/** Who may change the lock need not be allowed to make something beside it. Hidden names in the lock say nothing of it. */
function* clockNear(dir: string): Steps<number> {
  try {
    return yield* clockUs(dir)
  } catch (error) {
    if (!hasCode(error, 'EACCES', 'EPERM', 'EROFS')) throw error
    return yield* clockUs(`${dir}/clock`)
  }
}

/** Longer than the clock of any common filesystem stands still. */
const tickMs = 20

/**
 * May the lock be removed? The next one is numbered by the filesystem's clock, so that must be past the fence. Waits for
 * it a little.
 */
export function* isPast(dir: string, fence: number): Steps<boolean> {
  if ((yield* clockNear(dir)) > fence) return true
  yield* fs.sleep(tickMs)
  return (yield* clockNear(dir)) > fence
}
