// A thing is renamed to a private name. That frees its own name in one step, and what other processes do with that name
// no longer touches the thing. Then it is deleted under the private name, or gets its own name back.

import { hasCode, mountPointCodes } from '../core/errors.js'
import { reportDone } from '../core/progress.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { achieve, done, type Trial } from './achieve.js'
import { tidy, uninterruptible } from './cleanup.js'
import type { DeleteJob } from './delete-job.js'
import { deleteTree } from './delete-tree.js'
import { isGone } from './identity.js'
import { findMount } from './mount.js'
import { namingPublicly } from './public-names.js'
import { putBack } from './put-back.js'
import { stageName } from './stage-names.js'

/** A thing that was set aside. */
export interface Aside {
  readonly path: Path
  /** Its private name; or its own, where it cannot be renamed. */
  readonly at: Path
  /** The path by which the caller knows it, where `path` leads through a descriptor. @default path */
  readonly shown?: Path
}

/** Removes what is at a path, which the caller knows as `shown`. Returns whether this call did. */
export function* removeAt(path: Path, job: DeleteJob, trial: Trial, shown = path): Steps<boolean> {
  const result = yield* removeOrSetAside(path, job, trial, shown)
  if (typeof result === 'boolean') return result
  yield* deleteOrPutBack(result, job, trial)
  return true
}

/**
 * Makes a name free in one step. Returns true if this call removed what had it, false if nothing had it; or what it set
 * aside: a directory, which is still to be deleted.
 */
export function* removeOrSetAside(path: Path, job: DeleteJob, trial: Trial, shown = path): Steps<boolean | Aside> {
  const removed = yield* achieve(
    () => unlinkOrSetAside(path, trial, shown),
    () => statGone(path),
    { ...trial, never: mountPointCodes },
  )
  if (removed === true) yield* reportDone(job, shown)
  return removed
}

/**
 * After an attempt that failed: false if nothing is there. An unlink leaves no evidence of who made it: the reply may be
 * lost, but on a read-only mount, for one, the same error comes where nothing ever was.
 */
function* statGone(path: Path): Steps<false | undefined> {
  return (yield* isGone(path)) ? false : undefined
}

function* unlinkOrSetAside(path: Path, trial: Trial, shown: Path): Steps<boolean | Aside> {
  try {
    yield* fs.unlink(path)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false
    // Linux reports EISDIR of a directory, and of nothing else; POSIX EPERM, and Windows EACCES, too. Deno removes an
    // empty directory, and reports ENOTEMPTY of another.
    if (!hasCode(error, 'EISDIR', 'ENOTEMPTY')) {
      if (!hasCode(error, 'EPERM', 'EACCES')) throw error
      const there = yield* fs.lstat(path, orNothing)
      if (!there) return false
      if (!there.isDirectory()) throw error
    }
  }
  return yield* setAside(path, trial, shown)
}

/** Gives what is at a path a private name, or another that `nameOf` makes. Returns false if nothing is there. */
export function* setAside(
  path: Path,
  trial: Trial,
  shown = path,
  nameOf?: (path: Path) => Steps<Path>,
): Steps<false | Aside> {
  try {
    const at = yield* renameAside(path, { ...trial, never: mountPointCodes }, nameOf)
    return at !== undefined && { path, at, shown }
  } catch (error) {
    // It cannot be renamed on lower layers of overlayfs, or on a full disk.
    if (hasCode(error, 'EXDEV', 'ENOSPC', 'EDQUOT')) return { path, at: path, shown }
    yield* findMount(error, path)
    throw error
  }
}

/** Renames what is at a path to a fresh name. Returns that name, or undefined if nothing was there. */
export function* renameAside<P extends Path>(
  path: P,
  trial: Trial,
  nameOf: (path: P) => Steps<P> = stageName,
): Steps<P | undefined> {
  const at = yield* nameOf(path)
  try {
    const wasThere = yield* achieve<boolean>(
      () => done(fs.rename(path, at), true),
      // No other call makes that name: if it is there, the reply was lost; if it is not, ENOENT is about the other.
      function* (error) {
        if (yield* fs.lstat(at, orNothing)) return true
        return hasCode(error, 'ENOENT') ? false : undefined
      },
      trial,
    )
    return wasThere ? at : undefined
  } catch (error) {
    throw namingPublicly(error, at, path)
  }
}

/**
 * Deletes what was set aside. What could not be deleted gets its name back. If the call as a whole is stopped, the
 * deletion goes on to its end: a part must not come back, as if it had not been removed.
 */
export function* deleteOrPutBack(aside: Aside, job: DeleteJob, trial: Trial): Steps<void> {
  try {
    const remove = () => deleteSetAside(aside, job, trial)
    yield* aside.at === aside.path ? remove() : uninterruptible(remove)
  } catch (error) {
    if (aside.at !== aside.path) yield* tidy(putBack(aside, error))
    throw error
  }
}

/** Deletes what was set aside. */
export function* deleteSetAside({ path, at, shown = path }: Aside, job: DeleteJob, trial: Trial): Steps<void> {
  yield* achieve(
    () => done(deleteTree(at, 'directory', job, shown), true),
    () => isGone(at),
    // A process that has it open may still make things in it.
    { ...trial, also: ['ENOTEMPTY', 'EEXIST'], never: mountPointCodes },
  )
}
