import { dirname } from 'node:path'
import { dual } from './core/dual.js'
import { hasCode } from './core/errors.js'
import { asPath, refusal } from './core/input.js'
import { type Entry, fs, type Steps } from './core/steps.js'
import { mkdirp } from './mkdirp.js'
import type { Trial } from './parts/achieve.js'
import { concurrently } from './parts/concurrently.js'
import { defaultGraceMs, isDebris, type Liveness } from './parts/debris.js'
import type { DeleteJob } from './parts/delete-tree.js'
import { asDeleteJob } from './parts/delete-tree.js'
import { type Aside, deleteOrPutBack, removeOrSetAside } from './parts/set-aside.js'
import { ownerOf } from './parts/stage-names.js'
import { childPath } from './parts/tree.js'
import type { RemoveOptions } from './remove.js'

/**
 * Empties a directory, and makes it if it is missing, with the missing ones above it.
 *
 * Holds afterwards: `dir` is a directory, the same as before if there was one, and what was in it when it was read is
 * gone: each thing at once, the whole of it, as `remove` does it.
 *
 * Not promised: that it is empty if others go on making things in it. Private names that a live process of this package is
 * just about to publish are left alone, so that no writer fails. What is not promised of `remove` is not promised here.
 *
 * @param dir A path, or a `file:` URL. A link to a directory is followed, for its own name; those inside are removed. The
 *   root of a filesystem is refused.
 * @returns Nothing.
 * @throws ENOTDIR: it is a file. EBUSY: something inside is a mount point, or holds one. What else the system said,
 *   unchanged.
 *
 * @example
 * await emptyDir('build')
 */
export const emptyDir = dual(function* emptyDir(dir: string | URL, options: RemoveOptions = {}): Steps<void> {
  const path = asPath(dir, 'dir')
  const job = asDeleteJob(options)
  const trial = { as: 'emptyDir', path, retryFor: options.retryFor }
  const entries = yield* list(path, dir)
  if (!entries) {
    yield* mkdirp.steps(path, { retryFor: options.retryFor })
    return
  }
  const liveness = { dir: path, graceMs: defaultGraceMs }
  const aside: Aside[] = []
  const removeEntry = function* (entry: Entry): Steps<void> {
    if (yield* isBeingPublished(entry, liveness)) return
    const met = yield* removeOrSetAside(childPath(path, entry), job, trial)
    if (typeof met !== 'boolean') aside.push(met)
  }
  // First every name is free, and then the directories are deleted, one after the other.
  const tasks = entries.map(entry => () => removeEntry(entry)).reverse()
  yield* deletingAside(aside, concurrently(tasks, job.concurrency), job, trial)
})

/** Runs steps that set directories aside. Whatever comes of the steps, these are deleted, or put back. */
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

/** What is in the directory; undefined if it is missing. */
function* list(path: string, given: unknown): Steps<Entry[] | undefined> {
  try {
    const real = yield* fs.realpath(path)
    if (dirname(real) === real) throw refusal('ERR_INVALID_ARG_VALUE', 'dir', 'a directory, and not a root', given)
    return yield* fs.list(path)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

function* isBeingPublished({ name }: Entry, liveness: Liveness): Steps<boolean> {
  const owner = ownerOf(name)
  return owner !== undefined && !(yield* isDebris(name, owner, liveness))
}
