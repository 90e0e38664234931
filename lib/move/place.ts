// The rename that gives what is moved its new name. Of several calls that move one thing to one name, only the one that did
// it says so.

import { hasCode, mayBeOpen, type SystemError, systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { type Again, achieve, again, done } from '../parts/achieve.js'
import { uninterruptible } from '../parts/cleanup.js'
import { isThing, sameThing } from '../parts/identity.js'
import { statVanishedParent, withParents } from '../parts/parents.js'
import { addFinding } from '../parts/public-names.js'
import { giving, isMoved, mayBeDone, movedThere } from '../parts/publish.js'
import { renameDirectory } from '../parts/rename-directory.js'
import { isSameName, respell } from '../parts/spelling.js'
import { claimAndRename } from './claim-and-rename.js'
import { removeDeadClaim } from './dead-claim.js'
import type { Moving } from './job.js'
import { deleteReplaced, isInTheWay, nameReplaced, renameWithGap } from './with-gap.js'

/** Gives what is at `from`, which is the inode `was`, the target's name. */
export function* placeAtTarget(job: Moving, from: string, was: Stats): Steps<boolean> {
  const placing: Placing = { job, from, was, renames: false }
  let placed: boolean | 'gone' = false
  try {
    do placed = yield* achievePlace(placing)
    while (!placed && !job.overwrite && (yield* removeDeadClaim(job)))
    if (placed === 'gone') throw systemError('ENOENT', 'rename', movedThere, from, job.to)
    job.trial.publication?.decide(placed)
    if (placed && job.replaced.length > 0) yield* uninterruptible(() => deleteReplaced(job))
    return placed
  } catch (error) {
    nameReplaced(job, error)
    throw error
  }
}

interface Placing {
  readonly job: Moving
  readonly from: string
  readonly was: Stats
  /** This call has come so far that it renames. Without `overwrite`, it has claimed the name before that. */
  renames: boolean
}

function* achievePlace(placing: Placing): Steps<boolean | 'gone'> {
  const { job, from, was } = placing
  const { to, overwrite, parents, trial } = job
  const give = function* () {
    placing.renames = true
    const call = was.isDirectory() ? renameDirectory(from, to) : fs.rename(from, to)
    yield* giving(trial.publication, to, call, () => isMoved(from, to, was))
  }
  const rename = () =>
    overwrite === 'with-gap'
      ? renameWithGap(job, give, () => hasPlaced(placing))
      : overwrite
        ? done(give(), true)
        : claimAndRename(to, was, trial, give)
  return yield* achieve<boolean | 'gone'>(
    () => withParents<boolean>(to, parents, rename, from),
    error => statPlaced(placing, error),
    trial,
  )
}

/** After an attempt that failed: is it in place, is the name taken, or has the world moved? */
function* statPlaced(placing: Placing, error: SystemError): Steps<boolean | 'gone' | Again | undefined> {
  const { job, from, was } = placing
  const { to, overwrite, parents } = job
  const there = yield* fs.lstat(to, orNothing)
  if (sameThing(there, was)) {
    // Both paths spell one name.
    if (!overwrite && (yield* isSameName(from, to))) return yield* done(respell(from, to), true)
    if (yield* isOurs(placing)) return true
    if (!(yield* isThing(from, was))) {
      if (hasCode(error, 'ENOENT') || (yield* isInTheWay(to, error))) return 'gone'
      // What else went wrong is the caller's to know.
      addFinding(error, movedThere)
      return undefined
    }
  }
  if (!overwrite && hasCode(error, 'EEXIST')) return there ? false : again
  // Windows reports EPERM if something has the name.
  if (!overwrite && there && mayBeOpen(error)) return false
  // Another process has put something into the gap.
  if (overwrite === 'with-gap' && (yield* isInTheWay(to, error))) return again
  return yield* statVanishedParent(parents, error, from)
}

function* hasPlaced(placing: Placing): Steps<boolean> {
  const { job, was } = placing
  return ((yield* isThing(job.to, was)) ?? false) && (yield* isOurs(placing))
}

/**
 * It is in place. Was it this call that moved it there? Certainly if it has claimed the name before, or made the thing.
 * Otherwise a rename that failed on a local filesystem was not done; elsewhere, its reply may be lost, so that of two
 * callers both may take it for their own.
 */
function* isOurs({ job, from, renames }: Placing): Steps<boolean> {
  if (!renames) return false
  return !job.overwrite || from !== job.from || (yield* mayBeDone(job.to))
}
