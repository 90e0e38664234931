// Moves what cannot be linked to a name that nothing may have: claims the name by something empty, which only one caller
// can make, and renames onto that. A claim whose maker was killed is removed by the next caller (./dead-claim.ts): its
// mode shows that it is one, and while its maker lives, there is a mark beside it.

import { hasCode, isSystemError, systemError } from '../core/errors.js'
import { platform } from '../core/platform.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { done, type Trial } from '../parts/achieve.js'
import { cleaningUp, tidy } from '../parts/cleanup.js'
import { sameThing } from '../parts/identity.js'
import { closing, stagedDirectory } from '../parts/stage.js'
import { takeName } from '../parts/take-name.js'
import { claimMode } from './dead-claim.js'

/** Claims the name `to` for the inode `was`. Then `give` renames that onto the claim. The private directory is the mark. */
export const claimAndRename = (to: string, was: Stats, trial: Trial, give: () => Steps<void>): Steps<boolean> =>
  platform.isWindows && was.isDirectory()
    ? renameExclusively(to, give)
    : stagedDirectory(
        to,
        () => renameOntoClaim({ to, was, trial }, give),
        path => fs.rmdir(path),
      )

/**
 * On Windows a directory that is renamed replaces none: of several that move directories there, one has the name, and no
 * claim is needed. It would replace a file, so that is looked for right before.
 */
function* renameExclusively(to: string, give: () => Steps<void>): Steps<boolean> {
  if (yield* fs.lstat(to, orNothing)) throw systemError('EEXIST', 'rename', 'something has the name', to)
  return yield* done(give(), true)
}

interface Claiming {
  readonly to: string
  readonly was: Stats
  readonly trial: Trial
}

/**
 * A directory is claimed for by a directory, and a rename replaces that only while it is empty. A file or a link is
 * claimed for by a file: a rename would replace any other file as well, so the claim is looked at right before `give`.
 */
function* renameOntoClaim(job: Claiming, give: () => Steps<void>): Steps<boolean> {
  const { to, was } = job
  let claimed = yield* makeClaim(job)
  try {
    const there = yield* fs.lstat(to, orNothing)
    if (claimed && there && !sameThing(there, claimed)) return false
    claimed = there
    return yield* done(give(), true)
  } catch (error) {
    const there = yield* cleaningUp(() => removeClaim(job, claimed))
    // No other mover has claimed the name meanwhile, so it was this call.
    if (sameThing(there, was)) return true
    // Another process has replaced the claim, or has put something in it.
    const isOther = there !== undefined && there.isDirectory() !== was.isDirectory()
    if (hasCode(error, 'ENOTEMPTY', 'EEXIST') || (isOther && hasCode(error, 'ENOTDIR', 'EISDIR'))) return false
    throw error
  }
}

/** Returns what it is; undefined of a directory. */
function* makeClaim(job: Claiming): Steps<Stats | undefined> {
  const { to, was } = job
  if (was.isDirectory()) return yield* done(fs.mkdir(to, claimMode), undefined)
  const fd = yield* fs.open(to, 'wx', claimMode)
  try {
    return yield* closing(fd, () => fs.fstat(fd))
  } catch (error) {
    yield* cleaningUp(() => removeClaim(job, undefined))
    throw error
  }
}

/** Removes the claim, unless something else has the name. Returns the stats of what had the name. */
function* removeClaim({ to, was, trial }: Claiming, claimed: Stats | undefined): Steps<Stats | undefined> {
  let there = claimed
  try {
    there = yield* fs.lstat(to, orNothing)
  } catch (error) {
    // What cannot be read is taken for the claim. If it has something in it, it is left alone.
    if (!isSystemError(error)) throw error
  }
  if (sameThing(there, was) || (claimed && !sameThing(there, claimed))) return there
  if (was.isDirectory()) yield* tidy(fs.rmdir(to))
  else if (there?.isFile() && there.size === 0n) yield* tidy(takeName(to, there, trial))
  return there
}
