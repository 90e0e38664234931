// The work of `emplace`: a rename, or a link where nothing may be replaced. On another device, a copy gets the target's name
// in that way. Whatever leaves the source's name removes it in the end.

import { hasCode, type SystemError } from '../core/errors.js'
import type { Durability } from '../core/input.js'
import { fileProgress, type Reporting } from '../core/progress.js'
import type { Stats } from '../core/stats.js'
import { fs, type Steps } from '../core/steps.js'
import { type Again, achieve, done, type Trial } from '../parts/achieve.js'
import { linkExclusive } from '../parts/claim.js'
import { duplicate, kindOf } from '../parts/duplicate.js'
import { syncBeforeLoss, syncLoss, syncName, whileSynced } from '../parts/durable.js'
import { isThing } from '../parts/identity.js'
import { refuseMount } from '../parts/mount.js'
import { type Parents, statVanishedParent, withParents } from '../parts/parents.js'
import { addFinding } from '../parts/public-names.js'
import { giving, isMoved, mayBeDone, movedThere } from '../parts/publish.js'
import { renameDirectory } from '../parts/rename-directory.js'
import { isSameName, respell } from '../parts/spelling.js'
import { type Staged, staged } from '../parts/stage.js'
import { takeName } from '../parts/take-name.js'

/** A call under way. */
export interface Emplacing {
  readonly from: string
  readonly to: string
  /** The inode that must be at `to`. */
  readonly was: Stats
  readonly ifAbsent: boolean
  readonly parents: Parents | undefined
  readonly durability: Durability
  readonly trial: Trial
  /** Of several calls that do the same, only the one that did it may say so. */
  readonly once?: boolean
  /** Gets the bytes that are copied; that the whole is done, the caller reports. */
  readonly progress?: Reporting
  /** After the target is in place, the source's name is still there. */
  lingers: boolean
  /** Source and target are known not to be two spellings of one name. */
  apart: boolean
}

/** What is to be done with the inode that `from` is. */
export const asEmplacing = (job: Omit<Emplacing, 'lingers' | 'apart'>): Emplacing => ({
  ...job,
  // A hard link leaves the source's name, and so does a rename between two names of one inode.
  lingers: job.ifAbsent || (job.was.nlink > 1n && !job.was.isDirectory()),
  apart: false,
})

/** Returns true if it is in place, false if `ifAbsent` found another's file. */
export function* emplaceSource(job: Emplacing): Steps<boolean> {
  const { from, to, was, durability, parents } = job
  const placed = yield* durability === 'none' || !was.isFile() ? place(job) : whileSynced(from, () => place(job))
  // Only now, because a copy needs descriptors of its own, and no synced source.
  const emplaced = placed === 'elsewhere' ? yield* placeCopy(job) : placed
  job.trial.publication?.decide(emplaced)
  if (emplaced && job.lingers) yield* removeSourceName(job, placed === 'elsewhere')
  yield* syncName(to, durability, parents)
  if (emplaced) yield* syncLoss(from, to, durability)
  return emplaced
}

/** Returns `elsewhere` if the target is on another device, so that a file or a link must be copied. */
function* place(job: Emplacing): Steps<boolean | 'elsewhere'> {
  return yield* achieve<boolean | 'elsewhere'>(
    () => tryPlace(job),
    error => statEmplaced(job, error),
    job.trial,
  )
}

function* tryPlace(job: Emplacing): Steps<boolean | 'elsewhere'> {
  try {
    return yield* withParents(job.to, job.parents, () => linkOrRename(job), job.from)
  } catch (error) {
    const otherDevice = [error, (error as Error).cause].find(one => hasCode(one, 'EXDEV'))
    if (!otherDevice) throw error
    if (!job.was.isFile() && !job.was.isSymbolicLink()) throw otherDevice
    return 'elsewhere'
  }
}

/** Makes a copy at a private name on the target's device, which gets the target's name there. */
function* placeCopy(job: Emplacing): Steps<boolean> {
  const { from, to, was, parents, durability, trial } = job
  yield* refuseMount(from, was)
  job.lingers = job.apart = true
  const keeps = { times: true, owner: true, synced: durability !== 'none' }
  const progress = job.progress && fileProgress(job.progress, from)
  if (job.progress && was.isFile()) job.progress.sum.totalBytes = Number(was.size)
  const copyAndPlace = () =>
    staged(
      to,
      path => duplicate(from, path, kindOf(was), keeps, progress),
      stage => emplaceStage(stage, job),
    )
  try {
    return yield* achieve<boolean>(
      () => withParents(to, parents, copyAndPlace, from),
      error => statEmplaced(job, error),
      trial,
    )
  } catch (error) {
    // `move` may find another way, which counts the bytes anew.
    progress?.begin()
    throw error
  }
}

function* linkOrRename(job: Emplacing): Steps<boolean> {
  const { from, to, was, ifAbsent, trial } = job
  if (!ifAbsent)
    return yield* done(
      giving(trial.publication, to, was.isDirectory() ? renameDirectory(from, to) : fs.rename(from, to), () =>
        isMoved(from, to, was),
      ),
      true,
    )
  const linked = yield* linkExclusive(from, to, trial)
  // The name that this call has just linked was not there before, so it is not the source's.
  job.apart = linked === 'linked'
  return linked !== 'another'
}

function* emplaceStage(stage: Staged<unknown>, job: Emplacing): Steps<boolean> {
  const { to, ifAbsent, trial } = job
  const was = yield* fs.lstat(stage.path)
  // The copy is synced and counted already.
  const way = { ifAbsent, parents: undefined, durability: 'none', trial } as const
  stage.spent = yield* emplaceSource(asEmplacing({ from: stage.path, to, was, ...way }))
  return stage.spent
}

/** After an attempt that failed: is the source's inode at the target, or has the world moved? */
function* statEmplaced(job: Emplacing, error: SystemError): Steps<true | Again | undefined> {
  if (yield* isThing(job.to, job.was)) {
    if (yield* isAnothers(job)) {
      addFinding(error, movedThere)
      return undefined
    }
    job.lingers = true
    return true
  }
  return yield* statVanishedParent(job.parents, error, job.from)
}

/** What is in place now, did another call bring it there? */
function* isAnothers({ from, to, was, once }: Emplacing): Steps<boolean> {
  return once === true && !(yield* isThing(from, was)) && !(yield* mayBeDone(to))
}

/** Removes the source's name, if it is still the source's. */
function* removeSourceName(job: Emplacing, isCopied: boolean): Steps<void> {
  const { from, to, was, durability, parents, trial } = job
  if (!job.apart) {
    if (yield* isSourceGone(job)) return
    // If both paths spell one name, removing the source would remove the target.
    if (yield* isSameName(from, to)) return yield* respell(from, to)
  }
  // A copy is another inode on another disk, so no order of theirs is one.
  if (isCopied) yield* syncName(to, durability === 'none' ? 'none' : 'full', parents)
  else yield* syncBeforeLoss(from, to, durability, parents)
  try {
    // What another process puts there meanwhile stays.
    yield* takeName(from, was, trial)
  } catch (error) {
    // On a full disk no name can be changed, but this one can still be removed.
    if (!hasCode(error, 'ENOSPC', 'EDQUOT')) throw error
    yield* achieve(
      () => done(fs.unlink(from), true),
      () => isSourceGone(job),
      trial,
    )
  }
}

function* isSourceGone({ from, was }: Emplacing): Steps<true | undefined> {
  return (yield* isThing(from, was)) ? undefined : true
}
