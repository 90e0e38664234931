// What a rename cannot replace is set aside first; for a moment nothing has the name.

import { dirname } from 'node:path'
import { type Errno, hasCode, isSystemError, markFinal } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { discard, uninterruptible } from '../parts/cleanup.js'
import { containment } from '../parts/containment.js'
import { syncName } from '../parts/durable.js'
import { isInode } from '../parts/identity.js'
import { type Aside, deleteSetAside, putBack, setAside } from '../parts/set-aside.js'
import { type Moving, quiet } from './job.js'

/** What `rename` reports if the target is a directory with something in it, or a thing of another kind. */
const inTheWay: readonly Errno[] = ['ENOTEMPTY', 'EEXIST', 'EISDIR', 'ENOTDIR']

/** Is the error about what has the target's name, and not about something above it? */
export function* isInTheWay(to: string, error: unknown): Steps<boolean> {
  if (hasCode(error, 'ENOTDIR')) return (yield* fs.stat(dirname(to), orNothing))?.isDirectory() ?? false
  return hasCode(error, ...inTheWay)
}

/** `give` renames the inode `was` to the target's name. */
export function* renameWithGap(job: Moving, was: Stats, give: () => Steps<void>): Steps<true> {
  const { to, trial } = job
  try {
    yield* give()
    return true
  } catch (error) {
    if (!hasCode(error, ...inTheWay)) throw error
    // The source would be set aside together with the target.
    if (!hasCode(error, 'ENOTDIR') && (yield* isWithin(job.from, to))) throw markFinal(error)
  }
  const aside = yield* setTargetAside(job)
  let placed = false
  try {
    yield* give()
    placed = true
  } catch (error) {
    // A call that fails or is stopped here leaves the old or the new at the name, and no gap.
    yield* uninterruptible(function* () {
      placed = yield* isPlaced(to, was)
      if (aside && !placed) yield* putBackUnlessReplaced(aside, job, error)
    })
    if (!placed) throw error
    trial.publication?.decide(true)
  }
  if (aside) yield* uninterruptible(() => deleteReplaced(aside, job))
  return true
}

/** Makes the target's name free. A target that cannot be renamed is deleted in place. */
function* setTargetAside(job: Moving): Steps<Aside | undefined> {
  const { to, trial } = job
  const aside = yield* setAside(to, trial)
  if (aside && aside.at !== to) return aside
  if (aside) yield* deleteSetAside(aside, quiet(job), trial)
  return undefined
}

function* isWithin(from: string, to: string): Steps<boolean> {
  try {
    return (yield* containment(dirname(from), to)) !== 'outside'
  } catch (error) {
    // ENOENT: the target is gone.
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}

/** Is the inode `was` at `to`? If that cannot be read, it is taken not to be. */
function* isPlaced(to: string, was: Stats): Steps<boolean> {
  try {
    return (yield* isInode(to, was)) ?? false
  } catch (error) {
    if (!isSystemError(error)) throw error
    return false
  }
}

/**
 * Deletes what was replaced. First the new name is synced: a power cut must not keep a part of the old and not the new.
 */
function* deleteReplaced(aside: Aside, job: Moving): Steps<void> {
  try {
    if (job.durability !== 'none') yield* syncName(job.to, 'full')
  } catch (error) {
    throw markFinal(error)
  } finally {
    yield* deleteQuietly(aside, job)
  }
}

/** If something else has the name now, that has replaced the old target. */
function* putBackUnlessReplaced(aside: Aside, job: Moving, failure: unknown): Steps<void> {
  try {
    yield* putBack(aside, failure)
  } catch (error) {
    if (hasCode(error, ...inTheWay)) yield* deleteQuietly(aside, job)
    else if (!isSystemError(error)) throw error
  }
}

/** Best effort, because something new is in place. */
const deleteQuietly = (aside: Aside, job: Moving): Steps<void> =>
  discard(() => deleteSetAside(aside, quiet(job), job.trial))
