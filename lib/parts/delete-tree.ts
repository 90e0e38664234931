// Deletes a thing and everything in it. It never follows a link, never enters what is mounted there, and goes on when
// other processes delete inside meanwhile, or put links in the place of directories.

import { reportDone } from '../core/progress.js'
import { type Entry, fs, type Path, type Steps, together } from '../core/steps.js'
import { concurrently } from './concurrently.js'
import { deleteOrOpen, orGone, pathOf, unlocked } from './delete-entry.js'
import { deleteFiles, listWhatIsLeft } from './delete-files.js'
import type { DeleteJob } from './delete-job.js'
import { close, nameAsShown, type OpenDirectory, putAway, reopenAbove } from './directory-handle.js'
import { childPath } from './tree.js'

/** A directory that was opened and listed, and has something in it. */
interface Full {
  readonly entry: Entry
  readonly dir: OpenDirectory
  inside: readonly Entry[]
}

/** A directory on the way from the topmost thing down to what is being deleted. */
interface Level {
  /** Its name in the directory above. */
  readonly entry: Entry
  /** Open if it is the last one. Undefined above the topmost thing, which is found by its path. */
  readonly dir: OpenDirectory | undefined
  /** The directories in it that are still to be deleted, and what else needs care. */
  readonly todo: Entry[]
  /** The one of them that comes next. */
  next: Full | undefined
}

/**
 * The directories are deleted one after the other, those below first. While one is emptied, the next one beside it is
 * opened and listed. So however deep the tree is, at most four descriptors are open: those two, the directory above, and
 * one to list a directory.
 */
interface Walk {
  readonly job: DeleteJob
  /** The path of the topmost thing that the caller knows. */
  readonly shown: Path
  readonly way: Level[]
  /** The directory that is being emptied, or was. */
  inner: OpenDirectory | undefined
}

/**
 * Throws ENOTEMPTY if another process goes on making things inside; it can be called again, for what is left. Reports and
 * errors name what is below `path` as if it was below `known`, because `path` may be a private name.
 */
export function* deleteTree(path: Path, kind: Entry['kind'], job: DeleteJob, known = path): Steps<void> {
  const { sum } = job
  const top: Entry = { name: path, kind }
  const outside: Level = { entry: top, dir: undefined, todo: [top], next: undefined }
  const walk: Walk = { job, shown: known, way: [outside], inner: undefined }
  const before = sum.total - sum.done
  try {
    while (yield* deleteNext(walk));
  } catch (error) {
    // What was found and is not gone will be found again.
    sum.total = sum.done + before
    for (const dir of openOf(walk)) nameAsShown(error, dir)
    throw error
  } finally {
    for (const dir of openOf(walk)) yield* close(dir)
  }
}

/** The innermost first. */
const openOf = ({ inner, way }: Walk): OpenDirectory[] =>
  [inner, ...way.map(({ next }) => next?.dir), ...way.map(({ dir }) => dir).reverse()].filter(dir => dir !== undefined)

/** Returns false when all is deleted. */
function* deleteNext(walk: Walk): Steps<boolean> {
  const here = walk.way.at(-1) as Level
  if (!here.next) yield* findNext(here, walk)
  const { next } = here
  if (next) yield* empty(next, here, walk)
  else if (walk.way.length > 1) yield* goUp(walk)
  else return false
  return true
}

/** Deletes what one call can delete, up to the first directory with something in it, which is opened. */
function* findNext(here: Level, { job, shown: top }: Walk): Steps<void> {
  for (let entry = here.todo.pop(); entry; entry = here.todo.pop()) {
    const shown = here.dir ? childPath(here.dir.shown, entry) : top
    const dir = yield* deleteOrOpen(entry, here.dir, shown)
    if (dir) {
      here.next = { entry, dir, inside: [] }
      here.next.inside = yield* listWhatIsLeft(dir, job)
      return
    }
    yield* reportDone(job, shown)
  }
}

function* empty(full: Full, here: Level, walk: Walk): Steps<void> {
  const { entry, dir, inside } = full
  here.next = undefined
  walk.inner = dir
  let todo: Entry[] = []
  const emptyAndLeave = function* (): Steps<void> {
    todo = yield* deleteFiles(inside, dir, walk.job)
    if (todo.length === 0) yield* leave(entry, dir, here.dir, walk)
  }
  const isLeaf = inside.every(({ kind }) => kind !== 'directory')
  if (isLeaf && here.todo.length > 0) yield* concurrently([() => findNext(here, walk), emptyAndLeave], 2)
  else yield* emptyAndLeave()
  if (todo.length === 0) return
  yield* forget(here, walk)
  if (here.dir) yield* putAway(here.dir)
  walk.way.push({ entry, dir, todo, next: undefined })
  walk.inner = undefined
}

/** The way leads down somewhere else first, and no more descriptors are kept than are needed. */
function* forget(here: Level, { job }: Walk): Steps<void> {
  const { next } = here
  if (!next) return
  here.next = undefined
  here.todo.push(next.entry)
  job.sum.total -= next.inside.length
  yield* close(next.dir)
}

/** All that was in a directory is deleted. */
function* goUp(walk: Walk): Steps<void> {
  const { entry, dir } = walk.way.pop() as Level
  walk.inner = dir
  const above = walk.way.at(-1)?.dir
  if (above) yield* reopenAbove(dir as OpenDirectory, above)
  yield* leave(entry, dir as OpenDirectory, above, walk)
}

/** Removes the directory that was emptied. */
function* leave(entry: Entry, dir: OpenDirectory, above: OpenDirectory | undefined, walk: Walk): Steps<void> {
  const path = pathOf(entry, above)
  const { fd, shown } = dir
  dir.fd = walk.inner = undefined
  const closes = fd === undefined ? [] : [fs.close(fd)]
  const [removed] = yield* together([fs.rmdir(path), ...closes])
  if (removed && 'error' in removed) yield* unlocked(above, () => orGone(path, fs.rmdir(path)))
  yield* reportDone(walk.job, shown)
}
