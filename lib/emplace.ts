import { dual } from './core/dual.js'
import { hasCode, mountPointCodes, type SystemError } from './core/errors.js'
import { asDurability, asFlag, asPath, type Durability, type Patience } from './core/input.js'
import type { Stats } from './core/stats.js'
import { fs, orNothing, type Steps } from './core/steps.js'
import { type Again, achieve, again, done, type Trial } from './parts/achieve.js'
import { linkExclusive } from './parts/claim.js'
import { duplicate } from './parts/duplicate.js'
import { syncName, whileSynced } from './parts/durable.js'
import { isInode } from './parts/identity.js'
import { refuseMount } from './parts/mount.js'
import { withParents } from './parts/parents.js'
import { isSameName, respell } from './parts/spelling.js'
import { type Staged, staged } from './parts/stage.js'

export interface EmplaceOptions extends Patience {
  /** Only if no file has that name yet. It takes a hard link, so `source` cannot be a directory. @default false */
  readonly ifAbsent?: boolean | undefined
  /** `file`: the data is on the disk before the name changes; `full`: the name too. @default 'file' */
  readonly durability?: Durability | undefined
  /** Makes missing directories above the target. @default false */
  readonly parents?: boolean | undefined
}

/**
 * Puts what is at one name in the place of what is at another, in one step.
 *
 * Holds afterwards: at an instant during the call `target` was this very inode, `source` is gone, and `target` was never
 * absent or half there. Across devices (no directories) `target` is a copy instead, with its bytes, mode, times, and owner.
 *
 * Not promised: which of several callers comes last; anything if `source` is not the caller's own. If the filesystem
 * calls a rename failed that it did, and another caller replaces `target` before we look, that error comes out.
 *
 * @param source What shall be there: a file, a link (it is not followed), or a directory. Paths or `file:` URLs.
 * @param target Where. A directory can only replace an empty directory, a file only what is no directory.
 * @returns True, or false when `ifAbsent` found another's file there: then `source` is left alone.
 * @throws What the system said, unchanged: ENOENT (no source, or no directory for the target), EISDIR, ENOTEMPTY, EXDEV
 *   (a directory) ...; `ERR_NO_HARD_LINKS` where `ifAbsent` cannot be kept.
 *
 * @example
 * await writeFile('manifest.new', json)
 * await emplace('manifest.new', 'manifest.json')
 *
 * Source of the protocol: rename(2); two names of one inode, for which it does nothing and says so to nobody, as in
 * POSIX.1-2024.
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
  const trial = { as: 'emplace', path: to, retryFor: options.retryFor, never: mountPointCodes }
  // A link leaves the source's name, and so does a rename between two names of one inode.
  const lingers = ifAbsent || (was.nlink > 1n && !was.isDirectory())
  const job: Emplacing = { from, to, was, ifAbsent, parents, durability, trial, lingers, apart: false }
  const publish = () =>
    achieve(
      () => tryEmplace(job),
      error => statEmplaced(job, error),
      trial,
    )
  const mine = yield* durability === 'none' || !was.isFile() ? publish() : whileSynced(from, publish)
  if (mine && job.lingers) yield* removeSource(job)
  yield* syncName(to, durability)
  return mine
})

interface Emplacing {
  readonly from: string
  readonly to: string
  /** The inode that must be at `to`. */
  readonly was: Stats
  readonly ifAbsent: boolean
  readonly parents: boolean
  readonly durability: Durability
  readonly trial: Trial
  /** The source's name is still there after the target is in place. */
  lingers: boolean
  /** It is known that source and target are not two spellings of one name. */
  apart: boolean
}

function* tryEmplace(job: Emplacing): Steps<boolean> {
  try {
    return yield* withParents(job.to, job.parents, () => linkOrRename(job), job.from)
  } catch (error) {
    const away = [error, (error as Error).cause].find(one => hasCode(one, 'EXDEV'))
    if (!away) throw error
    if (!job.was.isFile() && !job.was.isSymbolicLink()) throw away
    yield* refuseMount(job.from, job.was)
    job.lingers = job.apart = true
    // Another device: a copy is made at a private name there, and that is put in place.
    return yield* staged(
      job.to,
      path => duplicate(job.from, path, job.was, { times: true, owner: true }),
      stage => emplaceStage(stage, job),
    )
  }
}

function* linkOrRename(job: Emplacing): Steps<boolean> {
  const { from, to, ifAbsent, trial } = job
  if (!ifAbsent) return yield* done(fs.rename(from, to), true)
  const linked = yield* linkExclusive(from, to, trial)
  // A name that this call linked was not there before.
  job.apart = linked === 'linked'
  return linked !== 'another'
}

function* emplaceStage(stage: Staged<void>, { to, ifAbsent, durability, trial }: Emplacing): Steps<boolean> {
  // Next the source's name is removed, on another disk: if that outlives a power cut, this must.
  const kept = durability === 'none' ? 'none' : 'full'
  stage.spent = yield* emplace.steps(stage.path, to, { ifAbsent, durability: kept, retryFor: trial.retryFor })
  return stage.spent
}

/** After an attempt that failed: is the source's inode at the target, or has the world moved? */
function* statEmplaced(job: Emplacing, error: SystemError): Steps<true | Again | undefined> {
  if (yield* isInode(job.to, job.was)) {
    job.lingers = true
    return true
  }
  // The target's directory went away between two calls.
  const vanished = job.parents && hasCode(error, 'ENOENT') && (yield* fs.lstat(job.from, orNothing))
  return vanished ? again : undefined
}

/** Removes the source's name, if it is still the source's. */
function* removeSource(job: Emplacing): Steps<void> {
  if (yield* hasLeft(job)) return
  // If both are spellings of one name, removing the source would remove the target.
  if (!job.apart && (yield* isSameName(job.from, job.to))) return yield* respell(job.from, job.to)
  yield* achieve(
    () => done(fs.unlink(job.from), true),
    () => hasLeft(job),
    job.trial,
  )
}

function* hasLeft({ from, was }: Emplacing): Steps<true | undefined> {
  return (yield* isInode(from, was)) ? undefined : true
}
