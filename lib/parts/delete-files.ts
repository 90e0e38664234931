// What is in an open directory: lists it, and deletes all that is no directory.

import { hasCode } from '../core/errors.js'
import { reportDone } from '../core/progress.js'
import { atOnce, type Entry, fs, type Outcome, type Steps } from '../core/steps.js'
import { unlocked } from './delete-entry.js'
import type { DeleteJob } from './delete-job.js'
import { isStillThere } from './directory-gone.js'
import { listEntries, type OpenDirectory, pathIn } from './directory-handle.js'
import { childPath } from './tree.js'

/** Lists what is left in the directory, and counts it. */
export function* listWhatIsLeft(dir: OpenDirectory, { sum }: DeleteJob): Steps<readonly Entry[]> {
  const entries = yield* unlocked(dir, () => listOrNothing(dir))
  sum.total += entries.length
  return entries
}

function* listOrNothing(dir: OpenDirectory): Steps<readonly Entry[]> {
  try {
    return yield* listEntries(dir)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}

/** Deletes what is not a directory. Returns the directories, and what turned out to need more care. */
export function* deleteFiles(entries: readonly Entry[], dir: OpenDirectory, job: DeleteJob): Steps<Entry[]> {
  const todo = entries.filter(({ kind }) => kind === 'directory')
  const files = entries.filter(({ kind }) => kind !== 'directory')
  for (let at = 0; at < files.length; at += job.concurrency)
    todo.push(...(yield* unlinkBatch(files.slice(at, at + job.concurrency), dir, job)))
  return todo
}

/** Most of a tree is files, so they are deleted in batches. Returns those that turned out to need more care. */
function* unlinkBatch(files: readonly Entry[], dir: OpenDirectory, job: DeleteJob): Steps<readonly Entry[]> {
  // An unlink is never interrupted, because it usually cleans up. Here it is the work: this call can be interrupted.
  yield* fs.now()
  // Each name of what is gone is gone, and is looked at once more.
  if (!(yield* isStillThere(dir))) return files
  const outcomes = yield* atOnce(files.map(entry => ({ op: 'unlink', args: [pathIn(dir, entry)] })))
  const isGone = (_: Entry, at: number) => 'value' in (outcomes[at] as Outcome<unknown>)
  yield* count(files.filter(isGone), dir, job)
  return files.filter((entry, at) => !isGone(entry, at))
}

function* count(gone: readonly Entry[], dir: OpenDirectory, job: DeleteJob): Steps<void> {
  if (!job.onProgress) job.sum.done += gone.length
  else for (const entry of gone) yield* reportDone(job, childPath(dir.shown, entry))
}
