import { dual } from './core/dual.js'
import { hasCode } from './core/errors.js'
import { asFlag, asNumber, asPath } from './core/input.js'
import { fs, orNothing, type Steps } from './core/steps.js'
import { defaultGraceMs } from './parts/debris.js'
import { asDeleteJob } from './parts/delete-job.js'
import { assertUnmoved, type OpenDirectory, openFollowing, pathIn, putAway, using } from './parts/directory-handle.js'
import { isStill, mayBePlaced } from './parts/placed.js'
import type { Root } from './parts/reach.js'
import { removeAt } from './parts/set-aside.js'
import { childPath } from './parts/tree.js'
import { reach } from './parts/walk-down.js'
import type { RemoveOptions } from './remove.js'
import { type Candidate, type Debris, findDebris, isNamed } from './sweep/candidates.js'
import { noteFailure, noteUnlessGone, type Sweeping } from './sweep/job.js'
import { sweepLock } from './sweep/locks.js'

export interface SweepOptions extends RemoveOptions {
  /**
   * How long (ms) a name must have been unchanged before it is removed, if nothing here shows whether its owner lives.
   * @default 86_400_000, a day
   */
  readonly grace?: number | undefined
  /** Sweeps the directories below, too. Links are not followed; what is mounted below is swept. @default false */
  readonly recursive?: boolean | undefined
  /**
   * Changes nothing, and returns the names that would be removed. Owners that cannot be judged from here are then judged
   * by this machine's clock, because only a write shows the filesystem's.
   * @default false
   */
  readonly dryRun?: boolean | undefined
  /**
   * Removes locks, too, that are free and that no call waits for: the directories `<path>.lock` of `lock`, `updateFile`
   * and `getOrCreate`, the slots beside them, and those at their `lockPath`, or in the `lockDir` that is swept. One that was held within the last
   * tick of the filesystem's clock stays. (At a `lockPath` that does not end with `.lock`, a lock is known by its
   * set-user-ID bit, and stays where a directory cannot have that: on Windows.) @default false
   */
  readonly locks?: boolean | undefined
}

/**
 * Removes what processes that were killed have left behind in a directory.
 *
 * Holds afterwards: of the private names that `dir` had when it was read, and of the data of cells that no state names
 * any more, two kinds are gone: those whose owner is provably dead (it ran on this boot of this machine, in this pid
 * namespace, and has ended), and those whose owner cannot be judged from here and which have not changed for `grace`. A
 * name whose owner is known to live is never touched, and neither is a name without the mark of this package
 * (`.holdfast` at its end). With `recursive`, the same of every directory below, but for those that have a private name
 * themselves. Links are never followed: on Linux not even those that another process puts in the place of directories
 * meanwhile. However deep the directories are, the call has at most four files open; where it deletes a
 * tree, as many as `remove`.
 *
 * Not promised: without `recursive`, anything about the directories below; that a directory of another user is removed
 * where a third user may have given it such a name (one who owns `dir`, or may write it while it has no sticky bit):
 * it is left to its owner, and one of the caller's own is swept all the same; that a name is spared if its owner
 * cannot be judged from here (another machine, another container) and works on one file for longer than `grace`; with
 * `recursive`, anything about directories that other processes make or move meanwhile.
 *
 * @param dir A path, or a `file:` URL.
 * @returns The names that this call removed, with `recursive` as paths below `dir`. Of several sweepers, only one returns
 *   each name.
 * @throws EAGAIN: with `recursive`, another process has moved or replaced `dir` meanwhile. Errors of the system, unchanged:
 *   ENOENT, ENOTDIR (no such directory); or the first error of a name that could not be removed, or of a directory below
 *   that could not be read, after all other names were tried.
 *
 * @example
 * const names = await sweep('uploads') // left by processes that were killed
 * const left = await sweep('.', { recursive: true, dryRun: true })
 */
export const sweep = dual(function* sweep(dir: string | URL, options: SweepOptions = {}): Steps<string[]> {
  const path = asPath(dir, 'dir')
  const job: Sweeping = {
    graceMs: asNumber(options.grace, 'options.grace', defaultGraceMs),
    recursive: asFlag(options.recursive, 'options.recursive'),
    dryRun: asFlag(options.dryRun, 'options.dryRun'),
    locks: asFlag(options.locks, 'options.locks'),
    deletion: asDeleteJob(options),
    trial: { as: 'sweep', path, retryFor: options.retryFor },
    swept: [],
    failure: undefined,
  }
  const top = yield* openFollowing(path)
  yield* using(top, () => sweepDown(top, job))
  if (job.failure) throw job.failure
  return job.swept.sort()
})

function* sweepDown(top: OpenDirectory, job: Sweeping): Steps<void> {
  const { root, found } = yield* findDebris(top, job)
  for (const { candidates } of found) job.deletion.sum.total += candidates.length
  for (const debris of found)
    if (debris.place.inside) yield* sweepBelow(debris, root, job)
    else yield* sweepOut(debris.candidates, top, job)
}

/** The topmost directory is not held meanwhile, because deleting a tree takes three descriptors more. */
function* sweepBelow({ place, candidates }: Debris, root: Root, job: Sweeping): Steps<void> {
  try {
    yield* putAway(root.top)
    const dir = yield* reach(root, place)
    yield* using(dir, () => sweepOut(candidates, dir, job))
  } catch (error) {
    noteUnlessGone(job, error)
  }
}

/** One after the other: usually there are none, and a deep one is deleted several things at a time. */
function* sweepOut(candidates: readonly Candidate[], dir: OpenDirectory, job: Sweeping): Steps<void> {
  for (const candidate of candidates) {
    try {
      const removed = yield* candidate.isLock ? sweepLock(candidate.entry, dir, job) : sweepDebris(candidate, dir, job)
      if (removed) job.swept.push(candidate.shown)
      // It stays, or another process has removed it.
      else job.deletion.sum.total--
    } catch (error) {
      // It is gone, or the directory is.
      if (hasCode(error, 'ENOENT')) job.deletion.sum.total--
      else noteFailure(job, error, dir)
    }
  }
}

function* sweepDebris(candidate: Candidate, dir: OpenDirectory, job: Sweeping): Steps<boolean> {
  return !(yield* isNamed(candidate, dir)) && (yield* sweepOne(candidate, dir, job))
}

function* sweepOne({ entry }: Candidate, dir: OpenDirectory, job: Sweeping): Steps<boolean> {
  const { deletion, dryRun, trial } = job
  yield* assertUnmoved(dir)
  const path = pathIn(dir, entry)
  const there = yield* fs.lstat(path, orNothing)
  if (!there || (yield* mayBePlaced(path, there))) return false
  if (dryRun) return true
  const isOurs = isStill(path, there)
  return yield* removeAt(path, deletion, trial, { shown: childPath(dir.shown, entry), isOurs })
}
