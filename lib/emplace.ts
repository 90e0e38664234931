import { dual } from './core/dual.js'
import { hasCode, mounted, type SystemError } from './core/errors.js'
import { asDurability, asFlag, asPath, type Durability, type Patience } from './core/input.js'
import type { Stats } from './core/stats.js'
import { fs, orNothing, type Steps } from './core/steps.js'
import { withParents } from './mkdirp.js'
import { type Again, achieve, again, type Trial } from './parts/achieve.js'
import { same, stake } from './parts/claim.js'
import { duplicate } from './parts/duplicate.js'
import { syncName, whileSynced } from './parts/durable.js'
import { refuseMount } from './parts/mount.js'
import { isOneName, respell } from './parts/spelling.js'
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
  const trial = { as: 'emplace', path: to, retryFor: options.retryFor, never: mounted }
  // Does the deed leave the source's name? A link does, and so does a rename between two names of one inode.
  const lingers = ifAbsent || (was.nlink > 1n && !was.isDirectory())
  const job: Emplacing = { from, to, was, ifAbsent, parents, durability, trial, lingers, apart: false }
  const publish = () =>
    achieve(
      () => attempt(job),
      error => isThere(job, error),
      trial,
    )
  const mine = yield* durability === 'none' || !was.isFile() ? publish() : whileSynced(from, publish)
  if (mine && job.lingers) yield* leave(job)
  yield* syncName(to, durability)
  return mine
})

/** A call under way. */
interface Emplacing {
  readonly from: string
  readonly to: string
  /** Who shall be at `to`. */
  readonly was: Stats
  readonly ifAbsent: boolean
  readonly parents: boolean
  readonly durability: Durability
  readonly trial: Trial
  /** After the deed the source's name is still there. */
  lingers: boolean
  /** It is known that source and target are not two spellings of one name. */
  apart: boolean
}

function* attempt(job: Emplacing): Steps<boolean> {
  try {
    return yield* withParents(job.to, job.parents, () => put(job), job.from)
  } catch (error) {
    const away = [error, (error as Error).cause].find(one => hasCode(one, 'EXDEV'))
    if (!away) throw error
    if (!job.was.isFile() && !job.was.isSymbolicLink()) throw away
    yield* refuseMount(job.from, job.was)
    job.lingers = job.apart = true
    // Another device: the bytes go to a private name over there, and that is put in place.
    return yield* staged(
      job.to,
      path => duplicate(job.from, path, job.was, { times: true, owner: true }),
      stage => putStage(stage, job),
    )
  }
}

function* put(job: Emplacing): Steps<boolean> {
  const { from, to, ifAbsent, trial } = job
  if (!ifAbsent) {
    yield* fs.rename(from, to)
    return true
  }
  const staked = yield* stake(from, to, trial)
  // What was just linked had not been there before.
  job.apart = staked === 'linked'
  return staked !== 'another'
}

function* putStage(stage: Staged<void>, { to, ifAbsent, durability, trial }: Emplacing): Steps<boolean> {
  // The source's name goes next, on another disk: if that is remembered, this must be.
  const kept = durability === 'none' ? 'none' : 'full'
  stage.spent = yield* emplace.steps(stage.path, to, { ifAbsent, durability: kept, retryFor: trial.retryFor })
  return stage.spent
}

/** Looks after an attempt that failed. */
function* isThere(job: Emplacing, error: SystemError): Steps<true | Again | undefined> {
  if (same(yield* fs.lstat(job.to, orNothing), job.was)) {
    job.lingers = true
    return true
  }
  // The target's directory went away between two calls.
  const vanished = job.parents && hasCode(error, 'ENOENT') && (yield* fs.lstat(job.from, orNothing))
  return vanished ? again : undefined
}

/** Takes the source's name away, if it is still the source's. */
function* leave(job: Emplacing): Steps<void> {
  if (yield* hasLeft(job)) return
  // Two spellings of one name: then there is nothing to leave, and all to lose.
  if (!job.apart && (yield* isOneName(job.from, job.to))) return yield* respell(job.from, job.to)
  yield* achieve(
    () => unlinked(job.from),
    () => hasLeft(job),
    job.trial,
  )
}

function* hasLeft({ from, was }: Emplacing): Steps<true | undefined> {
  return same(yield* fs.lstat(from, orNothing), was) ? undefined : true
}

function* unlinked(path: string): Steps<true> {
  yield* fs.unlink(path)
  return true
}
