// Moves a file or a link that cannot be linked, although others can, to a name that nothing may have: claims the name by
// an empty file, which only one caller can make, and renames onto that. A rename would replace any other file as well,
// so the claim is looked at right before.

import { hasCode, isSystemError, type SystemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { type Again, achieve, again, done } from '../parts/achieve.js'
import { tidy, uninterruptible } from '../parts/cleanup.js'
import { isInode, sameInode } from '../parts/identity.js'
import { statVanishedParent, withParents } from '../parts/parents.js'
import { closing } from '../parts/stage.js'
import { takeName } from '../parts/take-name.js'
import type { Moving } from './job.js'

export function* moveUnlinkable(job: Moving, was: Stats): Steps<boolean> {
  const { from, to, parents, trial } = job
  return yield* achieve<boolean>(
    () => withParents(to, parents, () => claimAndRename(job, was), from),
    error => statMoved(job, was, error),
    trial,
  )
}

function* claimAndRename(job: Moving, was: Stats): Steps<boolean> {
  const { from, to } = job
  const fd = yield* fs.open(to, 'wx', 0o600)
  try {
    const claimed = yield* closing(fd, () => fs.fstat(fd))
    if (!(yield* isInode(to, claimed))) return false
    return yield* done(fs.rename(from, to), true)
  } catch (error) {
    yield* uninterruptible(() => removeClaim(job, was))
    throw error
  }
}

/** Removes the claim, unless the rename was done all the same, or something else has the name, or is in the claim. */
function* removeClaim({ to, trial }: Moving, was: Stats): Steps<void> {
  try {
    const there = yield* fs.lstat(to, orNothing)
    if (there?.isFile() && there.size === 0n && !sameInode(there, was)) yield* tidy(takeName(to, there, trial))
  } catch (error) {
    if (!isSystemError(error)) throw error
  }
}

/** After an attempt that failed: is it in place, is the name taken, or has the world moved? */
function* statMoved({ from, to, parents }: Moving, was: Stats, error: SystemError): Steps<boolean | Again | undefined> {
  const there = yield* fs.lstat(to, orNothing)
  if (sameInode(there, was)) return true
  if (hasCode(error, 'EEXIST')) return there ? false : again
  return yield* statVanishedParent(parents, error, from)
}
