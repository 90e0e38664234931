// A directory's way to another name: by rename, onto a name that was claimed first if nothing may be overwritten; or to
// another device, as a copy that is made ready beside the target.

import { dirname } from 'node:path'
import { copyTree } from './copy-tree.js'
import { type Again, achieve, again, tidy } from './core/achieve.js'
import { same } from './core/claim.js'
import { discard } from './core/discard.js'
import type { Stats } from './core/disk.js'
import { syncDir } from './core/durable.js'
import { hasCode, mounted, type SystemError, systemError } from './core/errors.js'
import { isWithin } from './core/inside.js'
import { stageName } from './core/stage.js'
import { fs, orNothing, type Steps } from './core/steps.js'
import { withParents } from './mkdirp.js'
import type { Moving } from './move.js'
import { takeAway } from './remove.js'

export function* moveDirectory(job: Moving, was: Stats): Steps<boolean> {
  const { from, to } = job
  if ((yield* isWithin(dirname(to), from)) !== 'outside')
    throw systemError('EINVAL', 'rename', 'a directory cannot be moved into itself', from, to)
  try {
    return yield* place(job, from, was)
  } catch (error) {
    if (!hasCode(error, 'EXDEV')) throw error
  }
  return yield* across(job, was)
}

/** Gives the directory at `from`, which is the inode `was`, the name that is wanted. */
function* place(job: Moving, from: string, was: Stats): Steps<boolean> {
  const { to, overwrite, parents, trial } = job
  const once = () => (overwrite ? renamed(from, to) : renamedIfAbsent(from, to, was))
  return yield* achieve(
    () => withParents(to, parents, once, from),
    error => isThere(job, from, was, error),
    { ...trial, never: mounted },
  )
}

function* renamed(from: string, to: string): Steps<true> {
  yield* fs.rename(from, to)
  return true
}

/** Only one can make a directory of that name; and onto an empty one, a directory can be renamed. */
function* renamedIfAbsent(from: string, to: string, was: Stats): Steps<boolean> {
  const claimed = yield* claimName(to)
  if (!claimed) {
    const there = yield* fs.lstat(to, orNothing)
    // Another spelling of its own name, or our own deed, whose reply was lost.
    if (same(there, was)) return yield* renamed(from, to)
    if (!there) throw systemError('EEXIST', 'mkdir', 'it has gone again', to)
    return false
  }
  try {
    return yield* renamed(from, to)
  } catch (error) {
    const there = yield* fs.lstat(to, orNothing)
    if (same(there, was)) return true
    if (same(there, claimed.made)) yield* tidy(fs.rmdir(to))
    // Somebody has taken the name from us, or put something in.
    if (hasCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) return false
    throw error
  }
}

/** Undefined: something has the name. */
function* claimName(to: string): Steps<{ made: Stats | undefined } | undefined> {
  try {
    yield* fs.mkdir(to, 0o700)
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return undefined
    throw error
  }
  return { made: yield* fs.lstat(to, orNothing) }
}

/** Looks after an attempt that failed. */
function* isThere(job: Moving, from: string, was: Stats, error: SystemError): Steps<true | Again | undefined> {
  const there = yield* fs.lstat(job.to, orNothing)
  if (same(there, was)) return true
  // Whoever had the name has gone; or the directory above went away between two calls.
  if (hasCode(error, 'EEXIST')) return there || job.overwrite ? undefined : again
  const vanished = job.parents && hasCode(error, 'ENOENT') && (yield* fs.lstat(from, orNothing))
  return vanished ? again : undefined
}

/** A copy, whole and on the disk, gets the name; only then the source goes. */
function* across(job: Moving, was: Stats): Steps<boolean> {
  const { from, to, durability, how, trial } = job
  const quiet = { ...how, onProgress: undefined, sum: { done: 0, total: 0, bytes: 0 } }
  const stage = yield* stageName(to)
  let placed = false
  try {
    yield* copyTree(from, stage, was, {
      ...{ overwrite: true, errorOnExist: false, filter: undefined, dereference: false, parents: false },
      ...{ keeps: { times: true, owner: true }, durability: durability === 'none' ? 'none' : 'full' },
      ...{ concurrency: how.concurrency, onProgress: how.onProgress, sum: { done: 0, total: 1, bytes: 0 }, trial },
    })
    placed = yield* place(job, stage, yield* fs.lstat(stage))
  } finally {
    if (!placed) yield* tidy(discard(stage, 'directory', quiet))
  }
  if (!placed) return false
  if (durability !== 'none') yield* syncDir(dirname(to))
  yield* takeAway(from, quiet, trial)
  return true
}
