// Moves what cannot be linked to a name that nothing may have: claims the name by something empty, which only one caller
// can make, and renames onto that.

import { hasCode, isSystemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { done, type Trial } from '../parts/achieve.js'
import { tidy, uninterruptible } from '../parts/cleanup.js'
import { sameInode } from '../parts/identity.js'
import { closing } from '../parts/stage.js'
import { takeName } from '../parts/take-name.js'

/**
 * A directory is claimed for by a directory, and a rename replaces that only while it is empty. A file or a link is
 * claimed for by a file: a rename would replace any other file as well, so the claim is looked at right before `give`,
 * which renames.
 */
export function* claimAndRename(to: string, was: Stats, trial: Trial, give: () => Steps<void>): Steps<boolean> {
  const fd = was.isDirectory() ? yield* done(fs.mkdir(to, 0o700), undefined) : yield* fs.open(to, 'wx', 0o600)
  let claimed: Stats | undefined
  try {
    if (fd !== undefined) claimed = yield* closing(fd, () => fs.fstat(fd))
    const there = yield* fs.lstat(to, orNothing)
    if (claimed && !sameInode(there, claimed)) return false
    claimed = there
    return yield* done(give(), true)
  } catch (error) {
    const there = yield* uninterruptible(() => removeClaim(to, was, claimed, trial))
    if (sameInode(there, was)) return true
    // Another process has replaced the claim, or has put something in it.
    const taken = hasCode(error, 'ENOTEMPTY', 'EEXIST') || (hasCode(error, 'ENOTDIR') && there && !there.isDirectory())
    if (taken) return false
    throw error
  }
}

/** Removes the claim, unless something else has the name. Returns the stats of what had the name. */
function* removeClaim(to: string, was: Stats, claimed: Stats | undefined, trial: Trial): Steps<Stats | undefined> {
  let there = claimed
  try {
    there = yield* fs.lstat(to, orNothing)
  } catch (error) {
    // What cannot be read is taken for the claim. If it has something in it, it is left alone.
    if (!isSystemError(error)) throw error
  }
  if (sameInode(there, was) || (claimed && !sameInode(there, claimed))) return there
  if (was.isDirectory()) yield* tidy(fs.rmdir(to))
  else if (there?.isFile() && there.size === 0n) yield* tidy(takeName(to, there, trial))
  return there
}
