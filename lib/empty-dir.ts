import { dual } from './core/dual.js'
import { hasCode } from './core/errors.js'
import { asPath, refusal, refusingRoot } from './core/input.js'
import { platform } from './core/platform.js'
import type { Stats } from './core/stats.js'
import { type Entry, fs, type Outcome, type Steps, together, unwrap } from './core/steps.js'
import { mkdirp } from './mkdirp.js'
import type { Trial } from './parts/achieve.js'
import { concurrently } from './parts/concurrently.js'
import { defaultGraceMs, isDebris, type Liveness } from './parts/debris.js'
import { asDeleteJob, type DeleteJob } from './parts/delete-job.js'
import { isStillThere } from './parts/directory-gone.js'
import { listEntries, type OpenDirectory, openFollowing, pathIn, pathTo, using } from './parts/directory-handle.js'
import { sameInode } from './parts/identity.js'
import { type Aside, deleteOrPutBack, removeOrSetAside } from './parts/set-aside.js'
import { ownerOf } from './parts/stage-names.js'
import { childPath } from './parts/tree.js'
import type { RemoveOptions } from './remove.js'

/**
 * Empties a directory. Makes it, and the missing ones above it, if it is missing.
 *
 * Holds afterwards: `dir` is a directory, the same as before if there was one. What was in it when it was read is gone:
 * each thing as a whole, and at once, as `remove` removes it.
 *
 * Not promised: that the directory is empty if other processes go on making things in it. That private names of this
 * package are removed: if their owner lives, or cannot be judged from here and changed them within a day, they are left
 * alone, so that no writer fails. What `remove` does not promise.
 *
 * @param dir A path, or a `file:` URL. If `dir` itself is a link to a directory, it is followed, unless another user has
 *   put it into a sticky directory that others may write (EACCES); links inside are removed. The root of a filesystem is
 *   refused.
 * @returns Nothing.
 * @throws ENOTDIR: it is a file. EBUSY: something inside is a mount point, or has one in it. EAGAIN: as of `remove`.
 *   Other errors of the system, unchanged.
 *
 * @example
 * await emptyDir('build')
 */
export const emptyDir = dual(function* emptyDir(dir: string | URL, options: RemoveOptions = {}): Steps<void> {
  const path = refusingRoot(asPath(dir, 'dir'), dir, 'dir')
  const job = asDeleteJob(options)
  const trial = { as: 'emptyDir', path, retryFor: options.retryFor }
  const opened = yield* ifThere(openFollowing(path))
  const isThere = opened && (yield* using(opened, () => empty(opened, dir, job, trial)))
  if (!isThere) yield* mkdirp.steps(path, { retryFor: options.retryFor })
})

function* ifThere<T>(steps: Steps<T>): Steps<T | undefined> {
  try {
    return yield* steps
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Returns false if the directory is gone, which can be seen where it is found by path. */
function* empty(dir: OpenDirectory, given: unknown, job: DeleteJob, trial: Trial): Steps<boolean> {
  const entries = yield* ifThere(listEntries(dir))
  if (!entries || !(yield* ifThere(isNoRoot(dir, given)))) return false
  const liveness = { dir: pathTo(dir), graceMs: defaultGraceMs }
  const aside: Aside[] = []
  job.sum.total = entries.length
  const free = function* (entry: Entry): Steps<boolean | Aside> {
    if (!(yield* isStillThere(dir))) return false
    return yield* removeOrSetAside(pathIn(dir, entry), job, trial, { shown: childPath(dir.shown, entry) })
  }
  const removeEntry = function* (entry: Entry): Steps<void> {
    const removed = !(yield* isBeingPublished(entry, liveness)) && (yield* free(entry))
    // It stays, or another process has removed it.
    if (removed === false) job.sum.total--
    else if (removed !== true) aside.push(removed)
  }
  // First every name is made free; then the directories that were set aside are deleted, one after the other.
  const tasks = entries.map(entry => () => removeEntry(entry)).reverse()
  yield* deletingAside(aside, concurrently(tasks, job.concurrency), job, trial)
  return true
}

/** Throws if the directory is a root. */
function* isNoRoot(dir: OpenDirectory, given: unknown): Steps<true> {
  const path = pathTo(dir)
  if (platform.isWindows) refusingRoot(yield* fs.realpath(dir.shown.toString()), given, 'dir')
  const [own, above] = yield* together([fs.stat(path), fs.stat(`${path}/..`)])
  if (sameInode(unwrap(own as Outcome<Stats>), unwrap(above as Outcome<Stats>)))
    throw refusal('ERR_INVALID_ARG_VALUE', 'dir', 'a directory that is not a root', given)
  return true
}

/** Runs steps that set directories aside. These are deleted or put back, even if the steps fail. */
function* deletingAside(aside: readonly Aside[], steps: Steps<void>, job: DeleteJob, trial: Trial): Steps<void> {
  let failure: { error: unknown } | undefined
  try {
    yield* steps
  } catch (error) {
    failure = { error }
  }
  for (const one of aside) {
    try {
      yield* deleteOrPutBack(one, job, trial)
    } catch (error) {
      failure ??= { error }
    }
  }
  if (failure) throw failure.error
}

function* isBeingPublished({ name }: Entry, liveness: Liveness): Steps<boolean> {
  const owner = ownerOf(name)
  return owner !== undefined && !(yield* isDebris(name, owner, liveness))
}
