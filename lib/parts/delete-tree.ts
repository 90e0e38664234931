// Deletes a thing and everything in it. It never follows a link, never enters what is mounted there, and goes on when
// other processes delete inside meanwhile, or put links in the place of directories.

import { reportDone } from '../core/progress.js'
import { type Entry, fs, type Path, type Steps } from '../core/steps.js'
import { concurrently } from './concurrently.js'
import { deleteOrOpen, openOrGone } from './delete-entry.js'
import { deleteFiles, listWhatIsLeft } from './delete-files.js'
import type { DeleteJob } from './delete-job.js'
import { reopenUnlessGone } from './directory-gone.js'
import { close, nameAsShown, type OpenDirectory, putAway, using } from './directory-handle.js'
import { leave, type RmdirTop } from './leave-emptied.js'
import type { IsOurs } from './placed.js'
import { childPath } from './tree.js'

/** A directory on the way from the topmost thing down to what is being deleted. */
interface Level {
  /** Its name in the directory above. */
  readonly entry: Entry
  /** Open if it is the last one. Undefined above the topmost thing, which is found by its path. */
  readonly dir: OpenDirectory | undefined
  /** The directories in it that are still to be deleted, and what else needs care. */
  readonly todo: Entry[]
  /** Those of them that have directories in them. */
  readonly deep: Entry[]
}

/**
 * The directories are deleted level by level, those below first, so that however deep the tree is at most three
 * descriptors are open on the way: the directory that is being emptied, the one above, and one to list it. Directories
 * beside each other that have no others in them are emptied several at a time, because each takes four waits.
 */
interface Walk {
  readonly job: DeleteJob
  /** The path of the topmost thing that the caller knows. */
  readonly shown: Path
  readonly isOurs: IsOurs | undefined
  readonly rmdirTop: RmdirTop | undefined
  readonly way: Level[]
  /** The directory that is being emptied, or was. */
  inner: OpenDirectory | undefined
  end: TreeEnd
}

/** This call has deleted the topmost thing; it was gone, by another call; it may not be deleted, and all of it is left. */
export type TreeEnd = 'deleted' | 'gone' | 'left'

const endOf = (deleted: boolean): TreeEnd => (deleted ? 'deleted' : 'gone')

/** What is known of the topmost thing. */
interface Known {
  /** Reports and errors name what is below it as if it was below this path, because its own may be a private name. */
  readonly shown?: Path
  /** It is known to be no directory. */
  readonly isFile?: boolean | undefined
  /** Says whether it may be deleted, if it is a directory with things in it. @default true */
  readonly isOurs?: IsOurs | undefined
  /** It is known to be a directory, and to be removed so. */
  readonly rmdirTop?: RmdirTop | undefined
}

/** Throws ENOTEMPTY if another process goes on making things inside; it can be called again, for what is left. */
export function* deleteTree(
  path: Path,
  job: DeleteJob,
  { shown = path, isOurs, isFile, rmdirTop }: Known = {},
): Steps<TreeEnd> {
  const { sum } = job
  const top: Entry = { name: path, kind: isFile ? 'file' : 'directory' }
  const way = [newLevel(top, undefined, [top])]
  const walk: Walk = { job, shown, isOurs, rmdirTop, way, inner: undefined, end: 'gone' }
  const before = sum.total - sum.done
  try {
    while (yield* deleteNext(walk));
    return walk.end
  } catch (error) {
    // What was found and is not gone will be found again.
    sum.total = sum.done + before
    nameAsShown(error, walk.inner)
    throw nameAsShown(error, walk.way.at(-1)?.dir)
  } finally {
    for (const dir of [walk.inner, ...walk.way.map(level => level.dir)]) if (dir) yield* close(dir)
  }
}

const newLevel = (entry: Entry, dir: OpenDirectory | undefined, todo: Entry[]): Level => ({
  entry,
  dir,
  todo,
  deep: [],
})

/** Returns false when all is deleted. */
function* deleteNext(walk: Walk): Steps<boolean> {
  const here = walk.way.at(-1) as Level
  const { todo, deep, dir } = here
  if (dir && todo.length > 1 && walk.job.concurrency > 1) yield* deleteBeside(here, dir, walk.job)
  else {
    const entry = todo.pop() ?? deep.pop()
    if (entry) yield* enter(entry, here, walk)
    else if (walk.way.length > 1) yield* goUp(walk)
    else return false
  }
  return true
}

/** As many directories as are emptied at a time. Each takes a descriptor, and another to list it. */
const mostBeside = 8
const descriptorsEach = 2

/** Deletes directories beside each other, but for those that have others in them: these are left for later. */
function* deleteBeside({ todo, deep }: Level, above: OpenDirectory, job: DeleteJob): Steps<void> {
  const left = todo.splice(0)
  const free = Math.floor((yield* fs.descriptors()) / descriptorsEach / 2)
  const worker = function* (): Steps<void> {
    for (let entry = left.pop(); entry; entry = left.pop())
      if (!(yield* deleteShallow(entry, above, job))) deep.push(entry)
  }
  const many = Math.max(1, Math.min(mostBeside, free, job.concurrency))
  yield* concurrently(
    Array.from({ length: many }, () => worker),
    job.concurrency,
  )
}

/** Returns false if there are directories in it. Then only its files are deleted. */
function* deleteShallow(entry: Entry, above: OpenDirectory, job: DeleteJob): Steps<boolean> {
  const shown = childPath(above.shown, entry)
  const dir = yield* deleteOrOpen(entry, above, shown)
  if (typeof dir === 'boolean') {
    yield* reportDone(job, shown)
    return true
  }
  return yield* using(dir, function* () {
    const todo = yield* deleteFiles(yield* listWhatIsLeft(dir, job), dir, job)
    // It will be listed again.
    job.sum.total -= todo.length
    if (todo.length > 0) return false
    yield* leave(entry, dir, above, job)
    return true
  })
}

function* enter(entry: Entry, here: Level, walk: Walk): Steps<void> {
  const { job, way } = walk
  const above = here.dir
  const shown = above ? childPath(above.shown, entry) : walk.shown
  const opens = !above && walk.rmdirTop ? openOrGone(entry.name, shown) : deleteOrOpen(entry, above, shown)
  const dir = yield* opens
  if (typeof dir === 'boolean') {
    if (!above) walk.end = endOf(dir)
    return yield* reportDone(job, shown)
  }
  walk.inner = dir
  if (!above && walk.isOurs) {
    dir.was ??= yield* fs.fstat(dir.fd as number)
    if (!(yield* walk.isOurs(dir.was))) walk.end = 'left'
    if (walk.end === 'left') return
  }
  const todo = yield* deleteFiles(yield* listWhatIsLeft(dir, job), dir, job)
  if (todo.length === 0) {
    walk.end = endOf(yield* leave(entry, dir, above, job, walk.rmdirTop))
    walk.inner = undefined
    return
  }
  if (above) yield* putAway(above)
  way.push(newLevel(entry, dir, todo))
  walk.inner = undefined
}

/** All that was in a directory is deleted. */
function* goUp(walk: Walk): Steps<void> {
  const { entry, dir } = walk.way.pop() as Level
  walk.inner = dir
  const above = walk.way.at(-1)?.dir
  if (above) yield* reopenUnlessGone(dir as OpenDirectory, above)
  walk.end = endOf(yield* leave(entry, dir as OpenDirectory, above, walk.job, walk.rmdirTop))
  walk.inner = undefined
}
