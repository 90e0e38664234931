// The last step of a deletion (./delete-tree.ts): a directory in which nothing is left is removed.

import { reportDone } from '../core/progress.js'
import { type Entry, fs, type Path, type Steps, together } from '../core/steps.js'
import { deletesNow, pathOf, unlocked } from './delete-entry.js'
import type { DeleteJob } from './delete-job.js'
import { close, type OpenDirectory } from './directory-handle.js'

/** Removes the topmost directory, which is empty and closed; returns whether this call did. */
export type RmdirTop = (path: Path) => Steps<boolean>

/** Closes and removes a directory. `above`: the one that it is in; the topmost one has none. Returns whether this call did. */
export function* leave(
  entry: Entry,
  dir: OpenDirectory,
  above: OpenDirectory | undefined,
  job: DeleteJob,
  rmdirTop?: RmdirTop,
): Steps<boolean> {
  const path = pathOf(entry, above)
  const isMine = rmdirTop && !above ? yield* rmdirClosed(path, dir, rmdirTop) : yield* rmdirClosing(path, dir, above)
  yield* reportDone(job, dir.shown)
  return isMine
}

function* rmdirClosed(path: Path, dir: OpenDirectory, rmdirTop: RmdirTop): Steps<boolean> {
  yield* close(dir)
  return yield* rmdirTop(path)
}

function* rmdirClosing(path: Path, dir: OpenDirectory, above: OpenDirectory | undefined): Steps<boolean> {
  const { fd } = dir
  dir.fd = undefined
  const closes = fd === undefined ? [] : [fs.close(fd)]
  const [removed] = yield* together([fs.rmdir(path), ...closes])
  return removed && 'error' in removed ? yield* unlocked(above, () => deletesNow(path, fs.rmdir(path))) : true
}
