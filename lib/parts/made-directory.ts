// Directories that this call has made under private names. Where another user owns the directory above, or may write it
// and no sticky bit prevents the rest, that user can take such a directory away, and put another one at its name: one of
// a third user, which only that one may empty, or give away. So what is in a directory is deleted, and its owner and mode
// are set, only if it is the one that was made. A file, or an empty directory, needs no such care: a user who may rename
// it may remove it as well.

import { hasCode } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { type Entry, fs, type Path, type Steps } from '../core/steps.js'
import type { DeleteJob } from './delete-job.js'
import { deleteTree } from './delete-tree.js'
import { isOwn } from './follow-links.js'
import { isStill, othersMayRename } from './placed.js'
import { type Staged, staged, stagedDirectory } from './stage.js'
import { childPath, dirOf } from './tree.js'

/**
 * Makes a directory as `stagedDirectory` does, in which things will be. `remove` gets what it is; undefined if another
 * directory may have its name.
 */
export function* stagedTree<T>(
  target: string,
  use: (stage: Staged<void>) => Steps<T>,
  remove: (path: string, made: Stats | undefined) => Steps<unknown>,
): Steps<T> {
  let made: Stats | undefined
  const look = function* (stage: Staged<void>): Steps<T> {
    made = yield* statMade(stage.path)
    return yield* use(stage)
  }
  return yield* stagedDirectory(target, look, path => remove(path, made))
}

/** Returns what the directory is that this call has made a moment ago; undefined if another one has its name. */
export function* statMade(path: Path): Steps<Stats | undefined> {
  const there = yield* fs.lstat(path)
  return (yield* isMade(there, dirOf(path))) ? there : undefined
}

/** Is this the directory that this call has made in `dir` a moment ago? No call of the system returns which that is. */
export function* isMade(there: Stats, dir: Path): Steps<boolean> {
  if (isUntouched(there) || !(yield* othersMayRename(dir))) return true
  // Another process may have come first and have filled it, or the filesystem keeps other owners or times than usual: a
  // file that is made now has the same.
  const { uid, ctimeNs } = yield* statNew(dir)
  return there.uid === uid && ctimeNs - (there.birthtimeNs || there.mtimeNs) < mostAgeNs
}

/** Calls are retried for so long. */
const mostAgeNs = 10_000_000_000n

/** A rename would have changed it since its birth, and so would anything that was put into it. */
const isUntouched = (there: Stats): boolean =>
  isOwn(there) && there.mtimeNs === there.birthtimeNs && there.ctimeNs === there.birthtimeNs

const newFile: Entry = { name: 'new', kind: 'file' }

/** What a file is that is made in a directory now. */
const statNew = (dir: Path): Steps<Stats> =>
  staged(
    childPath(dir, newFile),
    path => fs.open(path, 'wx', 0o600),
    ({ made }) => fs.fstat(made),
    fd => [fs.close(fd)],
  )

/** Removes what has a private name: together with what is in it only if it is the directory that was made. */
export function* removeMade(path: Path, made: Stats | undefined, job: DeleteJob): Steps<void> {
  if (made) return void (yield* deleteTree(path, job, { isOurs: isStill(path, made) }))
  try {
    yield* fs.rmdir(path)
  } catch (error) {
    if (!hasCode(error, 'ENOTDIR')) throw error
    yield* fs.unlink(path)
  }
}
