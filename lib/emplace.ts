import { dual } from './core/dual.js'
import { hasCode, mountPointCodes, type SystemError, systemError } from './core/errors.js'
import { asDurability, asFlag, asPath, type Durability, type Patience } from './core/input.js'
import type { Stats } from './core/stats.js'
import { fs, orNothing, type Steps } from './core/steps.js'
import { type Again, achieve, done, type Trial } from './parts/achieve.js'
import { linkExclusive } from './parts/claim.js'
import { duplicate, kindOf } from './parts/duplicate.js'
import { syncName, whileSynced } from './parts/durable.js'
import { isInode } from './parts/identity.js'
import { leadsTo } from './parts/leads-to.js'
import { refuseMount } from './parts/mount.js'
import { statVanishedParent, withParents } from './parts/parents.js'
import { isSameName, respell } from './parts/spelling.js'
import { type Staged, staged } from './parts/stage.js'
import { takeName } from './parts/take-name.js'

export interface EmplaceOptions extends Patience {
  /** Only if no file has that name yet. This takes a hard link, so `source` cannot be a directory. @default false */
  readonly ifAbsent?: boolean | undefined
  /**
   * `file`: a file's data is on disk before the name changes. `full`: the new name is, too, before the call ends.
   * Nothing inside a directory is synced.
   * @default 'file'
   */
  readonly durability?: Durability | undefined
  /** Makes missing directories above the target; `durability` does not cover their names. @default false */
  readonly parents?: boolean | undefined
}

/**
 * Renames `source` to `target` in one step, and replaces what is there.
 *
 * Holds afterwards: at an instant during the call `target` was the very inode that `source` had been. `source` is gone.
 * While it was replaced, `target` was never absent and never incomplete. On another device `target` is a copy instead:
 * of a file, its bytes, mode, times, and owner as far as the caller may set it; of a link, its text.
 *
 * Not promised: which of several callers comes last; anything if other processes change `source` as well. If the
 * filesystem reports that a rename failed which it has done, and another caller replaces `target` before this call
 * looks, that error comes out. A copy on another device keeps no extended attributes, ACLs or hard links.
 *
 * @param source A file, a link (it is not followed), or a directory. A path, or a `file:` URL.
 * @param target Its new name. A directory replaces only an empty directory, and nothing else replaces a directory.
 * @returns True if it is in place. False if `ifAbsent` found another's file there: then `source` is left alone.
 * @throws EINVAL, before anything is done: a link in the place of what it leads to. Errors of the system, unchanged:
 *   ENOENT (no source, or the target's directory is missing), EISDIR, ENOTEMPTY,
 *   EEXIST (`ifAbsent`, and something that is not a file has the name), EXDEV (a directory), ENOTDIR ...
 *   `ERR_NO_HARD_LINKS`: `ifAbsent` cannot be kept, because the filesystem grants no hard links, or because `source` is
 *   a directory.
 *
 * @example
 * await writeFile('manifest.new', json)
 * await emplace('manifest.new', 'manifest.json')
 *
 * Source of the protocol: rename(2), and POSIX.1-2024 for two names of one inode: there it does nothing, and reports
 * success.
 */
export const emplace = dual(function* emplace(
  source: string | URL,
  target: string | URL,
  options: EmplaceOptions = {},
): Steps<boolean> {
  const [from, to] = [asPath(source, 'source'), asPath(target, 'target')]
  const ifAbsent = asFlag(options.ifAbsent, 'options.ifAbsent')
  const durability = asDurability(options.durability)
  const parents = asFlag(options.parents, 'options.parents')

  const was = yield* fs.lstat(from)
  if (was.isSymbolicLink() && !ifAbsent) yield* refuseOwnTarget(from, to)
  const trial = { as: 'emplace', path: to, retryFor: options.retryFor, never: mountPointCodes }
  // A hard link leaves the source's name, and so does a rename between two names of one inode.
  const lingers = ifAbsent || (was.nlink > 1n && !was.isDirectory())
  const job: Emplacing = { from, to, was, ifAbsent, parents, durability, trial, lingers, apart: false }
  const placed = yield* durability === 'none' || !was.isFile() ? place(job) : whileSynced(from, () => place(job))
  // Only now, because a copy needs descriptors of its own, and no synced source.
  const emplaced = placed === 'elsewhere' ? yield* placeCopy(job) : placed
  if (emplaced && job.lingers) yield* removeSourceName(job)
  yield* syncName(to, durability)
  return emplaced
})

/** Refuses a link in the place of what it leads to. */
function* refuseOwnTarget(from: string, to: string): Steps<void> {
  const there = yield* fs.lstat(to, orNothing)
  if (there && (yield* leadsTo(from, to, there)))
    throw systemError('EINVAL', 'rename', 'the link leads to what it would replace', from, to)
}

interface Emplacing {
  readonly from: string
  readonly to: string
  /** The inode that must be at `to`. */
  readonly was: Stats
  readonly ifAbsent: boolean
  readonly parents: boolean
  readonly durability: Durability
  readonly trial: Trial
  /** After the target is in place, the source's name is still there. */
  lingers: boolean
  /** Source and target are known not to be two spellings of one name. */
  apart: boolean
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
  const copyAndPlace = () =>
    staged(
      to,
      path => duplicate(from, path, kindOf(was), keeps),
      stage => emplaceStage(stage, job),
    )
  return yield* achieve<boolean>(
    () => withParents(to, parents, copyAndPlace, from),
    error => statEmplaced(job, error),
    trial,
  )
}

function* linkOrRename(job: Emplacing): Steps<boolean> {
  const { from, to, ifAbsent, trial } = job
  if (!ifAbsent) return yield* done(fs.rename(from, to), true)
  const linked = yield* linkExclusive(from, to, trial)
  // The name that this call has just linked was not there before, so it is not the source's.
  job.apart = linked === 'linked'
  return linked !== 'another'
}

function* emplaceStage(stage: Staged<unknown>, { to, ifAbsent, durability, trial }: Emplacing): Steps<boolean> {
  // The copy is synced already.
  stage.spent = yield* emplace.steps(stage.path, to, { ifAbsent, durability: 'none', retryFor: trial.retryFor })
  // The source is removed next, on another disk. If a power cut keeps that removal, it must keep the target's name,
  // too.
  yield* syncName(to, durability === 'none' ? 'none' : 'full')
  return stage.spent
}

/** After an attempt that failed: is the source's inode at the target, or has the world moved? */
function* statEmplaced(job: Emplacing, error: SystemError): Steps<true | Again | undefined> {
  if (yield* isInode(job.to, job.was)) {
    job.lingers = true
    return true
  }
  return yield* statVanishedParent(job.parents, error, job.from)
}

/** Removes the source's name, if it is still the source's. */
function* removeSourceName(job: Emplacing): Steps<void> {
  const { from, to, was, trial } = job
  if (!job.apart) {
    if (yield* isSourceGone(job)) return
    // If both paths spell one name, removing the source would remove the target.
    if (yield* isSameName(from, to)) return yield* respell(from, to)
  }
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
  return (yield* isInode(from, was)) ? undefined : true
}
