// Deletes a thing and everything in it. It never follows a link, never enters what is mounted there, and goes on when
// other processes delete inside meanwhile, or put links in the place of directories.

import { hasCode } from '../core/errors.js'
import { asConcurrency, asFunction } from '../core/input.js'
import { emptySum, type Reporting, reportDone } from '../core/progress.js'
import { atOnce, type Entry, fs, type Outcome, type Path, type Steps, together } from '../core/steps.js'
import { deleteOrOpen, orGone, pathOf, unlocked } from './delete-entry.js'
import {
  assertUnmoved,
  close,
  listEntries,
  nameAsShown,
  type OpenDirectory,
  pathIn,
  putAway,
  reopenAbove,
} from './directory-handle.js'
import { childPath } from './tree.js'

/** Counts the things that are gone, and those that must go as far as is known; what finds the topmost counts that. */
export interface DeleteJob extends Reporting {
  readonly concurrency: number
}

interface DeleteOptions {
  readonly concurrency?: number | undefined
  readonly onProgress?: DeleteJob['onProgress']
}

export const asDeleteJob = ({ concurrency, onProgress }: DeleteOptions, total = 0): DeleteJob => ({
  concurrency: asConcurrency(concurrency),
  onProgress: asFunction(onProgress, 'options.onProgress'),
  sum: emptySum(total),
})

/** A deletion whose progress is reported to no caller. */
export const silently = (concurrency = 64): DeleteJob => ({
  concurrency,
  onProgress: undefined,
  sum: emptySum(0),
})

/** A directory on the way from the topmost thing down to what is being deleted. */
interface Level {
  /** Its name in the directory above. */
  readonly entry: Entry
  /** Open if it is the last one. Undefined above the topmost thing, which is found by its path. */
  readonly dir: OpenDirectory | undefined
  /** The directories in it that are still to be deleted, and what else needs care. */
  readonly todo: Entry[]
}

/**
 * The directories are deleted one after the other, those below first, so that however deep the tree is at most three
 * descriptors are open: the directory that is being emptied, the one above, and one to list it.
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
  const walk: Walk = { job, shown: known, way: [{ entry: top, dir: undefined, todo: [top] }], inner: undefined }
  const before = sum.total - sum.done
  try {
    while (yield* deleteNext(walk));
  } catch (error) {
    // What was found and is not gone will be found again.
    sum.total = sum.done + before
    nameAsShown(error, walk.inner)
    throw nameAsShown(error, walk.way.at(-1)?.dir)
  } finally {
    for (const dir of [walk.inner, ...walk.way.map(level => level.dir)]) if (dir) yield* close(dir)
  }
}

/** Returns false when all is deleted. */
function* deleteNext(walk: Walk): Steps<boolean> {
  const here = walk.way.at(-1) as Level
  const entry = here.todo.pop()
  if (entry) yield* deleteEntry(entry, here.dir, walk)
  else if (walk.way.length > 1) yield* goUp(walk)
  else return false
  return true
}

function* deleteEntry(entry: Entry, above: OpenDirectory | undefined, walk: Walk): Steps<void> {
  const { job, way } = walk
  const shown = above ? childPath(above.shown, entry) : walk.shown
  walk.inner = yield* deleteOrOpen(entry, above, shown)
  if (!walk.inner) return yield* reportDone(job, shown)
  const todo = yield* deleteFiles(walk.inner, job)
  if (todo.length === 0) return yield* leave(entry, above, walk)
  if (above) yield* putAway(above)
  way.push({ entry, dir: walk.inner, todo })
  walk.inner = undefined
}

/** All that was in a directory is deleted. */
function* goUp(walk: Walk): Steps<void> {
  const { entry, dir } = walk.way.pop() as Level
  walk.inner = dir
  const above = walk.way.at(-1)?.dir
  if (above) yield* reopenAbove(dir as OpenDirectory, above)
  yield* leave(entry, above, walk)
}

/** Removes the directory that was emptied. */
function* leave(entry: Entry, above: OpenDirectory | undefined, walk: Walk): Steps<void> {
  const inner = walk.inner as OpenDirectory
  const path = pathOf(entry, above)
  const { fd, shown } = inner
  inner.fd = walk.inner = undefined
  const closes = fd === undefined ? [] : [fs.close(fd)]
  const [removed] = yield* together([fs.rmdir(path), ...closes])
  if (removed && 'error' in removed) yield* unlocked(above, () => orGone(path, fs.rmdir(path)))
  yield* reportDone(walk.job, shown)
}

/** Deletes what is in the directory, except other directories: returns these, and what turned out to need more care. */
function* deleteFiles(dir: OpenDirectory, job: DeleteJob): Steps<Entry[]> {
  const entries = yield* unlocked(dir, () => listWhatIsLeft(dir))
  job.sum.total += entries.length
  const todo = entries.filter(({ kind }) => kind === 'directory')
  const files = entries.filter(({ kind }) => kind !== 'directory')
  for (let at = 0; at < files.length; at += job.concurrency)
    todo.push(...(yield* unlinkBatch(files.slice(at, at + job.concurrency), dir, job)))
  return todo
}

function* listWhatIsLeft(dir: OpenDirectory): Steps<Entry[]> {
  try {
    return yield* listEntries(dir)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}

/** Most of a tree is files, so they are deleted in batches. Returns those that turned out to need more care. */
function* unlinkBatch(files: readonly Entry[], dir: OpenDirectory, job: DeleteJob): Steps<readonly Entry[]> {
  // An unlink is never interrupted, because it usually cleans up. Here it is the work: this call can be interrupted.
  yield* fs.now()
  yield* assertUnmoved(dir)
  const outcomes = yield* atOnce(files.map(entry => ({ op: 'unlink', args: [pathIn(dir, entry)] })))
  const isGone = (_: Entry, at: number) => 'value' in (outcomes[at] as Outcome<unknown>)
  yield* count(files.filter(isGone), dir, job)
  return files.filter((entry, at) => !isGone(entry, at))
}

function* count(gone: readonly Entry[], dir: OpenDirectory, job: DeleteJob): Steps<void> {
  if (!job.onProgress) job.sum.done += gone.length
  else for (const entry of gone) yield* reportDone(job, childPath(dir.shown, entry))
}
