// A directory's way to another name: by rename, onto a name that was claimed first if nothing may be overwritten; or to
// another device, as a copy that is made ready beside the target. With a gap, files and links go this way, too.

import { dirname } from 'node:path'
import { copyTree } from '../copy/tree.js'
import { hasCode, isSystemError, type SystemError, systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { withParents } from '../mkdirp.js'
import { type Again, achieve, again, inPeace, tidy } from '../parts/achieve.js'
import { same } from '../parts/claim.js'
import { isWithin } from '../parts/containment.js'
import { discard } from '../parts/delete-tree.js'
import { syncDir } from '../parts/durable.js'
import { refuseMount } from '../parts/mount.js'
import { isOneName, respell } from '../parts/spelling.js'
import { stageName } from '../parts/stage.js'
import { deleteAside, detach, putBack } from '../remove.js'
import type { Moving } from './job.js'
import { isInTheWay, renamedWithGap } from './with-gap.js'

export function* moveDirectory(job: Moving, was: Stats): Steps<boolean> {
  const { from, to } = job
  if (was.isDirectory() && (yield* isWithin(dirname(to), from)) !== 'outside')
    throw systemError('EINVAL', 'rename', 'a directory cannot be moved into itself', from, to)
  try {
    return yield* place(job, from, was)
  } catch (error) {
    if (!hasCode(error, 'EXDEV')) throw error
  }
  return yield* across(job, was)
}

/** Gives what is at `from`, which is the inode `was`, the name that is wanted. */
function* place(job: Moving, from: string, was: Stats): Steps<boolean> {
  const { to, overwrite, parents, trial } = job
  const once = () =>
    overwrite === 'with-gap'
      ? renamedWithGap(job, from, was)
      : overwrite
        ? renamed(from, to)
        : renamedIfAbsent(from, to, was)
  return yield* achieve(
    () => withParents<boolean>(to, parents, once, from),
    error => isThere(job, from, was, error),
    trial,
  )
}

function* renamed(from: string, to: string): Steps<true> {
  yield* fs.rename(from, to)
  return true
}

/** Only one can make a directory of that name; and onto an empty one, a directory can be renamed. */
function* renamedIfAbsent(from: string, to: string, was: Stats): Steps<boolean> {
  yield* fs.mkdir(to, 0o700)
  let claimed: Stats | undefined
  try {
    claimed = yield* fs.lstat(to, orNothing)
    return yield* renamed(from, to)
  } catch (error) {
    const there = yield* inPeace(() => unclaimed(to, was, claimed))
    if (same(there, was)) return true
    // Somebody has taken the name from us, or put something in.
    const taken = hasCode(error, 'ENOTEMPTY', 'EEXIST') || (hasCode(error, 'ENOTDIR') && there && !there.isDirectory())
    if (taken) return false
    throw error
  }
}

/** Takes our claim away, if it is still that; answers what was there. */
function* unclaimed(to: string, was: Stats, claimed: Stats | undefined): Steps<Stats | undefined> {
  let there = claimed
  try {
    there = yield* fs.lstat(to, orNothing)
  } catch (error) {
    // What cannot be seen is taken for ours: if it is not empty, it stays all the same.
    if (!isSystemError(error)) throw error
  }
  if (!same(there, was) && (!claimed || same(there, claimed))) yield* tidy(fs.rmdir(to))
  return there
}

/** Looks after an attempt that failed. */
function* isThere(job: Moving, from: string, was: Stats, error: SystemError): Steps<boolean | Again | undefined> {
  const { to, overwrite, parents } = job
  const there = yield* fs.lstat(to, orNothing)
  if (same(there, was)) {
    // Our own deed, whose reply was lost; or two spellings of one name.
    if (!overwrite && (yield* isOneName(from, to))) yield* respell(from, to)
    return true
  }
  if (!overwrite && hasCode(error, 'EEXIST')) return there ? false : again
  // Somebody has come into the gap.
  if (overwrite === 'with-gap' && (yield* isInTheWay(to, error))) return again
  // The directory above went away between two calls.
  return parents && hasCode(error, 'ENOENT') && (yield* fs.lstat(from, orNothing)) ? again : undefined
}

/** A copy, whole and on the disk, gets the name; only then the source goes. */
function* across(job: Moving, was: Stats): Steps<boolean> {
  const { from, to, parents, durability, how, quiet, trial } = job
  yield* refuseMount(from, was)
  const stage = yield* stageName(to)
  let placed = false
  try {
    yield* copyTree(from, stage, was, {
      ...{ overwrite: true, errorOnExist: false, filter: undefined, dereference: false, parents },
      ...{ keeps: { times: true, owner: true }, durability: durability === 'none' ? 'none' : 'full' },
      ...{ concurrency: how.concurrency, onProgress: how.onProgress, sum: { done: 0, total: 1, bytes: 0 }, trial },
      barred: yield* fs.stat(dirname(to), orNothing),
    })
    placed = yield* place(job, stage, yield* fs.lstat(stage))
  } finally {
    if (!placed) yield* tidy(inPeace(() => discard(stage, 'directory', quiet)))
  }
  if (!placed) return false
  if (durability !== 'none') yield* syncDir(dirname(to))
  // What has come there since is another's.
  if (same(yield* fs.lstat(from, orNothing), was)) yield* takeSource(job)
  return true
}

function* takeSource({ from, quiet, trial }: Moving): Steps<void> {
  const outgoing = yield* detach(from, quiet, trial)
  if (typeof outgoing === 'boolean') return
  try {
    // Whoever is stopped by now does not bring back a part of it, as if it had not been moved.
    yield* inPeace(() => deleteAside(outgoing, quiet, trial))
  } catch (error) {
    if (isSystemError(error) && outgoing.at !== outgoing.path) yield* tidy(putBack(outgoing, error))
    throw error
  }
}
