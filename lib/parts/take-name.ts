// Takes a name away from an inode, so that exactly one of several callers has done it. A rename to a private name
// leaves evidence of who did it, and of what it was; an unlink leaves none.

import type { Stats } from '../core/stats.js'
import { fs, type Steps } from '../core/steps.js'
import type { Trial } from './achieve.js'
import { cleaningUp, discard, uninterruptible } from './cleanup.js'
import { isThing } from './identity.js'
import { putBackOrKeep } from './keep-aside.js'
import { renameAside } from './rename-aside.js'

/** Returns whether this call took the name from the inode, which must have another name. */
export function* takeName(path: string, was: Stats, trial: Trial): Steps<boolean> {
  const aside = yield* takeNameAside(path, was, trial)
  if (aside !== undefined) yield* discard(() => fs.unlink(aside))
  return aside !== undefined
}

/**
 * Returns the private name instead of removing it; undefined if this call did not take the name. What another process
 * has put there meanwhile gets the name back. If it cannot, because something else has the name, the error says where
 * it is.
 */
export function* takeNameAside(path: string, was: Stats, trial: Trial): Steps<string | undefined> {
  // Usually this look is enough, and then whatever has the name now is left alone.
  if (!(yield* isThing(path, was))) return undefined
  const at = yield* renameAside(path, trial)
  if (at === undefined) return undefined
  const aside = { path, at }
  let taken: true | undefined
  try {
    taken = yield* isThing(at, was)
  } catch (error) {
    // What cannot be read is not taken.
    yield* cleaningUp(() => putBackOrKeep(aside, error))
    throw error
  }
  if (taken) return at
  // It came there after the look.
  yield* uninterruptible(() => putBackOrKeep(aside))
  return undefined
}
