// Claims a name for a directory. An empty directory, which only one caller can make, is the claim, and what is moved is
// renamed onto that. A claim whose maker was killed is taken over by the next caller: its mode shows that it is one, and
// while its maker lives, there is a mark beside it.

import { basename, dirname } from 'node:path'
import { hasCode, isSystemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { done } from '../parts/achieve.js'
import { tidy, uninterruptible } from '../parts/cleanup.js'
import { sameInode } from '../parts/identity.js'
import { stagedDirectory } from '../parts/stage.js'
import { ownerOf } from '../parts/stage-names.js'

/** Sticky, where only the owner may do anything: that has no use, so no other directory has this mode. */
const claimMode = 0o1700

/** Claims the name `to` for the directory at `from`, the inode `was`, and renames that onto the claim. */
export const claimAndRename = (from: string, to: string, was: Stats): Steps<boolean> =>
  stagedDirectory(
    to,
    ({ path }) => renameOntoClaim(from, to, was, path),
    path => fs.rmdir(path),
  )

/** `mark` is a private directory: while it exists, this call may have a claim. */
function* renameOntoClaim(from: string, to: string, was: Stats, mark: string): Steps<boolean> {
  let claimed = yield* makeOrTakeClaim(to, mark)
  try {
    claimed ??= yield* fs.lstat(to, orNothing)
    return yield* done(fs.rename(from, to), true)
  } catch (error) {
    const there = yield* uninterruptible(() => removeClaim(to, was, claimed))
    if (sameInode(there, was)) return true
    // Another process has replaced the claim, or has put something in it.
    const taken = hasCode(error, 'ENOTEMPTY', 'EEXIST') || (hasCode(error, 'ENOTDIR') && there && !there.isDirectory())
    if (taken) return false
    throw error
  }
}

/** Makes the claim; returns undefined then. Returns the claim of a dead mover if there is one. */
function* makeOrTakeClaim(to: string, mark: string): Steps<Stats | undefined> {
  try {
    yield* fs.mkdir(to, claimMode)
    return undefined
  } catch (error) {
    const there = hasCode(error, 'EEXIST') ? yield* fs.lstat(to, orNothing) : undefined
    // If something is in it, the rename will report that.
    if (!there || !isClaim(there) || (yield* isUnderWay(to, mark))) throw error
    return there
  }
}

const isClaim = (there: Stats): boolean => there.isDirectory() && (there.mode & 0o5777n) === BigInt(claimMode)

/** Is another mark there, of a process that is not known to be dead? The claim may be its own. */
function* isUnderWay(to: string, mark: string): Steps<boolean> {
  for (const { name, kind } of yield* fs.list(dirname(to))) {
    const owner = kind === 'directory' ? ownerOf(name) : undefined
    if (owner !== undefined && name !== basename(mark) && (yield* fs.alive(owner)) !== false) return true
  }
  return false
}

/** Removes the claim, unless something else has the name. Returns the stats of what had the name. */
function* removeClaim(to: string, was: Stats, claimed: Stats | undefined): Steps<Stats | undefined> {
  let there = claimed
  try {
    there = yield* fs.lstat(to, orNothing)
  } catch (error) {
    // What cannot be read is taken for the claim. If it has something in it, rmdir leaves it alone.
    if (!isSystemError(error)) throw error
  }
  if (!sameInode(there, was) && (!claimed || sameInode(there, claimed))) yield* tidy(fs.rmdir(to))
  return there
}
