// A thing is renamed to a private name. That frees its own name in one step, and what other processes do with that name
// no longer touches the thing. Then it is deleted under the private name, or gets its own name back.

import { hasCode, mayBeOpen, mountPointCodes } from '../core/errors.js'
import { platform } from '../core/platform.js'
import { reportDone } from '../core/progress.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { achieve, type Trial } from './achieve.js'
import { cleaningUp, uninterruptible } from './cleanup.js'
import type { DeleteJob } from './delete-job.js'
import { deleteTree, type TreeEnd } from './delete-tree.js'
import { movedError } from './directory-handle.js'
import { isGone } from './identity.js'
import { findMount } from './mount.js'
import { type IsOurs, isStillOrOwn } from './placed.js'
import { putBackOr } from './put-back.js'
import { rmdirOnce } from './remove-once.js'
import { renameAside, renameOrUnlink } from './rename-aside.js'

/** A thing that was set aside. */
export interface Aside {
  readonly path: Path
  /** Its private name; or its own, where it cannot be renamed. */
  readonly at: Path
  /** The path by which the caller knows it, where `path` leads through a descriptor. @default path */
  readonly shown?: Path | undefined
  /** It is known to be no directory. */
  readonly isFile?: boolean
  /** Says whether a directory that has the private name now may be deleted: another user may have put it there. */
  readonly isOurs?: IsOurs | undefined
}

/** Removes what is at a path, which the caller knows as `shown`. Returns whether this call did. */
export function* removeAt(path: Path, job: DeleteJob, trial: Trial, options: AsideOptions = {}): Steps<boolean> {
  const result = yield* removeOrSetAside(path, job, trial, { ...options, isExclusive: true })
  return typeof result === 'boolean' ? result : yield* deleteOrPutBack(result, job, trial)
}

interface AsideOptions {
  /** The path by which the caller knows it, where `path` leads through a descriptor. @default path */
  readonly shown?: Path
  /** Says whether a directory may be deleted. @default whether it is what was set aside, or of this process's user */
  readonly isOurs?: IsOurs
  /** Makes the name that it gets. @default a private name */
  readonly nameOf?: (path: Path) => Steps<Path>
  /** Of several calls that remove a file, one is to say so. */
  readonly isExclusive?: boolean
}

/**
 * Makes a name free in one step. Returns true if this call removed what had it, false if nothing had it; or what it set
 * aside: a directory, which is still to be deleted.
 */
export function* removeOrSetAside(
  path: Path,
  job: DeleteJob,
  trial: Trial,
  options: AsideOptions = {},
): Steps<boolean | Aside> {
  const removed = yield* achieve(
    () => unlinkOrSetAside(path, trial, options),
    () => statGone(path),
    { ...trial, never: mountPointCodes },
  )
  if (removed === true) yield* reportDone(job, options.shown ?? path)
  return removed
}

/**
 * After an attempt that failed: false if nothing is there. An unlink leaves no evidence of who made it: the reply may be
 * lost, but on a read-only mount, for one, the same error comes where nothing ever was.
 */
function* statGone(path: Path): Steps<false | undefined> {
  return (yield* isGone(path)) ? false : undefined
}

function* unlinkOrSetAside(path: Path, trial: Trial, options: AsideOptions): Steps<boolean | Aside> {
  if (options.isExclusive && platform.isWindows) return yield* setAsideOnWindows(path, trial, options)
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
  return yield* setAside(path, trial, options)
}

/** Windows lets several calls unlink one file, as far as they see; only one of them renames it. */
function* setAsideOnWindows(path: Path, trial: Trial, options: AsideOptions): Steps<boolean | Aside> {
  const there = yield* fs.lstat(path, orNothing)
  if (!there) return false
  if (there.isDirectory()) return yield* setAside(path, trial, options)
  const { shown = path, isOurs = isStillOrOwn(path, there) } = options
  const at = yield* renameOrUnlink(path, trial)
  return typeof at === 'boolean' ? at : { path, at, shown, isOurs, isFile: true }
}

/** Gives what is at a path another name. Returns false if nothing is there. */
export function* setAside(path: Path, trial: Trial, options: AsideOptions = {}): Steps<false | Aside> {
  const { shown = path, nameOf } = options
  try {
    const isOurs = options.isOurs ?? (yield* asItIs(path))
    const at = isOurs && (yield* renameAside(path, { ...trial, ...patienceFor(trial), never: mountPointCodes }, nameOf))
    return at !== undefined && { path, at, shown, isOurs }
  } catch (error) {
    // It cannot be renamed on lower layers of overlayfs, or on a full disk; on Windows, while something in it is open.
    if (hasCode(error, 'EXDEV', 'ENOSPC', 'EDQUOT') || mayBeOpen(error)) return { path, at: path, shown }
    yield* findMount(error, path)
    throw error
  }
}

/** Milliseconds. Windows renames no directory while another process has something in it open, and that may take for ever. */
const shortPatienceMs = 200

const patienceFor = ({ retryFor = shortPatienceMs }: Trial): Partial<Trial> =>
  platform.isWindows ? { retryFor: Math.min(retryFor, shortPatienceMs) } : {}

/** What is there before it gets a name at which another process may put something else; undefined if nothing is. */
function* asItIs(path: Path): Steps<IsOurs | undefined> {
  const was = yield* fs.lstat(path, orNothing)
  return was && isStillOrOwn(path, was)
}

/**
 * Deletes what was set aside. Returns whether it was this call that removed it: of several that delete in place, one is.
 * What could not be deleted gets its name back, and so does what may not be deleted. If the call as a whole is stopped,
 * the deletion goes on to its end: a part must not come back, as if it had not been removed.
 */
export function* deleteOrPutBack(aside: Aside, job: DeleteJob, trial: Trial): Steps<boolean> {
  const { path, at, shown = path } = aside
  const remove = function* (): Steps<boolean> {
    const end = yield* deleteSetAside(aside, job, trial)
    if (end === 'left') throw movedError(shown)
    return at !== path || end === 'deleted'
  }
  const deleteAtOnce = () => deleteSetAside(aside, job, { ...trial, retryFor: 0 })
  try {
    return yield* at === path ? remove() : uninterruptible(remove)
  } catch (error) {
    if (at !== path) yield* cleaningUp(() => putBackOr(deleteAtOnce, aside, error))
    throw error
  }
}

/** Deletes what was set aside, unless it may not be deleted. */
export function* deleteSetAside(
  { path, at, shown = path, isOurs, isFile }: Aside,
  job: DeleteJob,
  trial: Trial,
): Steps<TreeEnd> {
  return yield* achieve<TreeEnd>(
    () =>
      at === path
        ? deleteTree(at, job, { shown, rmdirTop: platform.isWindows ? rmdirOnce : undefined })
        : deleteTree(at, job, { shown, isOurs, isFile }),
    () => endIfGone(at),
    // A process that has it open may still make things in it.
    { ...trial, also: ['ENOTEMPTY', 'EEXIST'], never: mountPointCodes },
  )
}

/** After an attempt that failed. As with an unlink, nothing shows which call has removed what had a public name. */
function* endIfGone(at: Path): Steps<'gone' | undefined> {
  return (yield* isGone(at)) && 'gone'
}
