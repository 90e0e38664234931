// Removes what a filter lets go, under its own name: what stays keeps its place, and so do all directories above it. So
// nothing is set aside, and a call that is stopped stops there.

import { hasCode, isSystemError, mountPointCodes } from '../core/errors.js'
import { platform } from '../core/platform.js'
import { reportDone } from '../core/progress.js'
import { type Entry, fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { achieve, type Trial } from '../parts/achieve.js'
import { askUser } from '../parts/cleanup.js'
import { concurrently } from '../parts/concurrently.js'
import { deletesNow, orGone, pathOf, unlocked } from '../parts/delete-entry.js'
import { deleteFiles, listWhatIsLeft } from '../parts/delete-files.js'
import type { DeleteJob } from '../parts/delete-job.js'
import { reopenUnlessGone } from '../parts/directory-gone.js'
import {
  close,
  movedError,
  nameAsShown,
  type OpenDirectory,
  openDirectory,
  putAway,
} from '../parts/directory-handle.js'
import { kindOf } from '../parts/duplicate.js'
import { isGone } from '../parts/identity.js'
import { refuseMount } from '../parts/mount.js'
import { isStill } from '../parts/placed.js'
import { rmdirOnce } from '../parts/remove-once.js'
import { removeAt } from '../parts/set-aside.js'
import { childPath } from '../parts/tree.js'

/** Says whether a thing may be removed. */
export type Filter = (path: string, kind: Entry['kind']) => boolean | PromiseLike<boolean>

interface Walk {
  readonly filter: Filter
  readonly job: DeleteJob
}

/** A directory on the way from the topmost one down to what is being asked about. */
interface Level {
  readonly entry: Entry
  readonly dir: OpenDirectory
  /** The directories in it that are still to be entered. */
  readonly todo: Entry[]
  /** Something in it stays. */
  keeps: boolean
}

/** Returns true if this call removed it, false if the filter kept something, or nothing was there. */
export const removeFiltered = (path: string, filter: Filter, job: DeleteJob, trial: Trial): Steps<boolean> =>
  achieve<boolean>(
    () => tryRemove(path, { filter, job }, trial),
    function* () {
      return (yield* isGone(path)) ? false : undefined
    },
    // Another process may make things in a directory between the look into it and its removal.
    { ...trial, also: ['ENOTEMPTY', 'EEXIST'], never: mountPointCodes },
  )

function* tryRemove(path: string, walk: Walk, trial: Trial): Steps<boolean> {
  const there = yield* fs.lstat(path, orNothing)
  if (!there) return false
  const top: Entry = { name: path, kind: kindOf(there) }
  if (top.kind === 'directory') {
    yield* refuseMount(path, there)
    return yield* removeTree(top, path, walk)
  }
  if (!(yield* mayGo(path, top.kind, walk))) return false
  // There an unlink does not show which of several calls has removed it.
  if (platform.isWindows) return yield* removeAt(path, walk.job, trial, { isOurs: isStill(path, there) })
  yield* fs.unlink(path)
  yield* reportDone(walk.job, path)
  return true
}

const mayGo = (path: Path, kind: Entry['kind'], { filter }: Walk): Steps<boolean> =>
  askUser(() => filter(String(path), kind))

/** At most three descriptors are open on the way, as in parts/delete-tree.ts: levels above the last are closed. */
function* removeTree(top: Entry, path: string, walk: Walk): Steps<boolean> {
  const way: Level[] = []
  try {
    // What an attempt before this one has found, and not removed, is found again.
    walk.job.sum.total = walk.job.sum.done + 1
    yield* enter(top, path, way, walk)
    if (way.length === 0) return false
    for (let here = way.at(-1); here; here = way.at(-1)) {
      const entry = here.todo.pop()
      if (entry) yield* enter(entry, childPath(here.dir.shown, entry), way, walk)
      else if (!(yield* leave(way, walk)) && way.length === 0) return false
    }
    return true
  } catch (error) {
    throw nameAsShown(error, way.at(-1)?.dir)
  } finally {
    for (const { dir } of way) yield* close(dir)
  }
}

/** Opens a directory, and removes the files in it that may go. */
function* enter(entry: Entry, shown: Path, way: Level[], walk: Walk): Steps<void> {
  const above = way.at(-1)
  const path = pathOf(entry, above?.dir)
  const dir = yield* openToEmpty(path, shown, above?.dir)
  if (!dir) return
  if (above) yield* putAway(above.dir)
  const level: Level = { entry, dir, todo: [], keeps: false }
  way.push(level)
  const entries = yield* listWhatIsLeft(dir, walk.job)
  level.todo.push(...entries.filter(({ kind }) => kind === 'directory'))
  const files = entries.filter(({ kind }) => kind !== 'directory')
  const going = yield* askAbout(files, dir, walk)
  if (going.length < files.length) level.keeps = true
  walk.job.sum.total -= files.length - going.length
  for (const left of yield* deleteFiles(going, dir, walk.job)) yield* deleteAgain(left, dir, walk)
}

/** Undefined if it is gone. */
function* openToEmpty(path: Path, shown: Path, above?: OpenDirectory): Steps<OpenDirectory | undefined> {
  try {
    return yield* orGone(path, openDirectory(path, shown, above))
  } catch (error) {
    // Something that is no directory has taken its place.
    if (hasCode(error, 'ENOTDIR', 'ELOOP')) throw movedError(shown)
    throw error
  }
}

/** Asks about all at once, because each may take its time. Returns those that may go. */
function* askAbout(entries: readonly Entry[], dir: OpenDirectory, walk: Walk): Steps<Entry[]> {
  const going = new Set<Entry>()
  const questions = entries.map(
    entry =>
      function* (): Steps<void> {
        if (yield* mayGo(childPath(dir.shown, entry), entry.kind, walk)) going.add(entry)
      },
  )
  yield* concurrently(questions.reverse(), walk.job.concurrency)
  return entries.filter(entry => going.has(entry))
}

/** What another process has put in the place of a file was not asked about: then the walk begins anew. */
function* deleteAgain(entry: Entry, dir: OpenDirectory, { job }: Walk): Steps<void> {
  const path = pathOf(entry, dir)
  try {
    yield* unlocked(dir, () => orGone(path, fs.unlink(path)))
  } catch (error) {
    if (isSystemError(error) && (yield* fs.lstat(path, orNothing))?.isDirectory())
      throw movedError(childPath(dir.shown, entry))
    throw error
  }
  yield* reportDone(job, childPath(dir.shown, entry))
}

/** Removes a directory in which nothing is left to be asked about. Returns false if it stays, or another call was first. */
function* leave(way: Level[], walk: Walk): Steps<boolean> {
  const { entry, dir, keeps } = way.at(-1) as Level
  const above = way.at(-2)
  if (above) yield* reopenUnlessGone(dir, above.dir)
  const goes = !keeps && (yield* mayGo(dir.shown, 'directory', walk))
  let isRemoved = false
  if (goes) {
    const path = pathOf(entry, above?.dir)
    isRemoved = yield* above ? unlocked(above.dir, () => deletesNow(path, fs.rmdir(path))) : rmdirOnce(path)
    yield* reportDone(walk.job, dir.shown)
  } else {
    walk.job.sum.total--
    if (above) above.keeps = true
  }
  yield* close(dir)
  way.pop()
  return isRemoved
}
