// Moves what cannot be linked to a name that nothing may have: claims the name by something empty, which only one caller
// can make, and renames onto that. A claim whose maker was killed is taken over by the next caller: its mode shows that it
// is one, and while its maker lives, there is a mark beside it.

import { basename, dirname } from 'node:path'
import { hasCode, isSystemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { done, type Trial } from '../parts/achieve.js'
import { tidy, uninterruptible } from '../parts/cleanup.js'
import { sameInode } from '../parts/identity.js'
import { closing, stagedDirectory } from '../parts/stage.js'
import { ownerOf } from '../parts/stage-names.js'
import { takeName } from '../parts/take-name.js'

/** Sticky, where only the owner may do anything: that has no use, so nothing else has this mode. */
const claimMode = 0o1700

/** Claims the name `to` for the inode `was`. Then `give` renames that onto the claim. */
export const claimAndRename = (to: string, was: Stats, trial: Trial, give: () => Steps<void>): Steps<boolean> =>
  stagedDirectory(
    to,
    ({ path: mark }) => renameOntoClaim({ to, was, mark, trial }, give),
    path => fs.rmdir(path),
  )

interface Claiming {
  readonly to: string
  readonly was: Stats
  /** A private directory: while it exists, this call may have a claim. */
  readonly mark: string
  readonly trial: Trial
}

/**
 * A directory is claimed for by a directory, and a rename replaces that only while it is empty. A file or a link is
 * claimed for by a file: a rename would replace any other file as well, so the claim is looked at right before `give`.
 */
function* renameOntoClaim(job: Claiming, give: () => Steps<void>): Steps<boolean> {
  const { to, was } = job
  let claimed = yield* makeOrTakeClaim(job)
  try {
    const there = yield* fs.lstat(to, orNothing)
    if (claimed && !sameInode(there, claimed)) return false
    claimed = there
    return yield* done(give(), true)
  } catch (error) {
    const there = yield* uninterruptible(() => removeClaim(job, claimed))
    if (sameInode(there, was)) return true
    // Another process has replaced the claim, or has put something in it.
    const isOther = there !== undefined && there.isDirectory() !== was.isDirectory()
    if (hasCode(error, 'ENOTEMPTY', 'EEXIST') || (isOther && hasCode(error, 'ENOTDIR', 'EISDIR'))) return false
    throw error
  }
}

/** Makes the claim, or takes that of a dead mover. Returns what it is; undefined of a directory that it has just made. */
function* makeOrTakeClaim(job: Claiming): Steps<Stats | undefined> {
  const { to } = job
  try {
    return yield* makeClaim(job)
  } catch (error) {
    const there = hasCode(error, 'EEXIST') ? yield* fs.lstat(to, orNothing) : undefined
    // The mark was there before the claim, so a claim that is older than the list, and has no mark in it, is left over.
    if (!there || !isClaim(there, job) || (yield* isUnderWay(job))) throw error
    return there
  }
}

function* makeClaim(job: Claiming): Steps<Stats | undefined> {
  const { to, was } = job
  if (was.isDirectory()) return yield* done(fs.mkdir(to, claimMode), undefined)
  const fd = yield* fs.open(to, 'wx', claimMode)
  try {
    return yield* closing(fd, () => fs.fstat(fd))
  } catch (error) {
    yield* uninterruptible(() => removeClaim(job, undefined))
    throw error
  }
}

/** If something is in a directory, the rename will report that. */
const isClaim = (there: Stats, { was }: Claiming): boolean =>
  (there.mode & 0o5777n) === BigInt(claimMode) &&
  (was.isDirectory() ? there.isDirectory() : there.isFile() && there.size === 0n)

/** Is another mark there, of a process that is not known to be dead? The claim may be its own. */
function* isUnderWay({ to, mark }: Claiming): Steps<boolean> {
  for (const { name, kind } of yield* fs.list(dirname(to))) {
    const owner = kind === 'directory' ? ownerOf(name) : undefined
    if (owner !== undefined && name !== basename(mark) && (yield* fs.alive(owner)) !== false) return true
  }
  return false
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
  if (sameInode(there, was) || (claimed && !sameInode(there, claimed))) return there
  if (was.isDirectory()) yield* tidy(fs.rmdir(to))
  else if (there?.isFile() && there.size === 0n) yield* tidy(takeName(to, there, trial))
  return there
}
