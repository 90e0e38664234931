// The work of `publishDirectory`: a version is built at a private name, and gets its own name and the link under the lock.

import { basename, dirname } from 'node:path'
import { systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { acquire } from '../lock/obtain.js'
import { asLocking } from '../lock/options.js'
import { whileHeld } from '../lock/while-held.js'
import { achieve, done } from '../parts/achieve.js'
import { cleaningUp, ofUser, tidy } from '../parts/cleanup.js'
import { silently } from '../parts/delete-job.js'
import { syncDir } from '../parts/durable.js'
import { isThing } from '../parts/identity.js'
import { stagedTree } from '../parts/made-directory.js'
import { withParents } from '../parts/parents.js'
import { isStill } from '../parts/placed.js'
import { keepAsItIs } from '../parts/public-names.js'
import { type Aside, deleteOrPutBack, removeAt } from '../parts/set-aside.js'
import type { Staged } from '../parts/stage.js'
import { nonces } from '../parts/stage-names.js'
import { syncTree } from '../parts/sync-tree.js'
import { symlink } from '../symlink.js'
import type { Publishing } from './job.js'
import { readVersions, setOldAside, versionPath } from './versions.js'

export function* publishVersion(job: Publishing): Steps<string> {
  const { path, parents, trial, durability } = job
  // What cannot be replaced is refused before anything is built.
  yield* statTarget(job)
  const old: Aside[] = []
  // Before, because ENOENT may come from the caller's function as well.
  if (parents) yield* withParents(path, parents, () => fs.stat(dirname(path)))
  const version = yield* stagedTree(
    path,
    function* (stage) {
      const made = yield* build(job, stage)
      const locking = asLocking(path, { retryFor: trial.retryFor }, 'publishDirectory')
      return yield* whileHeld(yield* acquire(locking), () => publishStage(job, stage, made, old))
    },
    (at, made) =>
      made ? removeAt(at, silently(), { ...trial, retryFor: tidyForMs }, { isOurs: isStill(at, made) }) : fs.rmdir(at),
  )
  // What cannot be deleted gets its name back, and is found again by the next call.
  for (const one of old) yield* cleaningUp(() => tidy(deleteOrPutBack(one, silently(), trial)))
  for (const dir of durability === 'full' ? (parents?.changed ?? []) : []) yield* syncDir(dir)
  return version
}

/** How long the call tries to remove a directory that `build` goes on filling although it was stopped. */
const tidyForMs = 200

/** Returns what has the name, if it is a directory that is to become a version. */
function* statTarget({ path, replace }: Publishing): Steps<Stats | undefined> {
  const there = yield* fs.lstat(path, orNothing)
  if (!there || there.isSymbolicLink()) return undefined
  if (!there.isDirectory()) throw systemError('ENOTDIR', 'symlink', 'something has the name that is no directory', path)
  if (!replace)
    throw systemError(
      'EEXIST',
      'symlink',
      'it is a directory, and no link to a version; `replace: true` makes it the oldest version',
      path,
    )
  return there
}

/** Has the version built, and brings it to the disk. Returns what it is. */
function* build({ build, path, durability }: Publishing, { path: at }: Staged<void>): Steps<Stats> {
  const stop = new AbortController()
  try {
    yield* ofUser(() => callBuild(at, build, stop.signal))
    const there = yield* fs.lstat(at, orNothing)
    if (!there?.isDirectory())
      throw Object.assign(new Error(`The directory that was to be filled is gone: ${path}`), {
        code: 'ERR_NOT_PRODUCED',
        path,
      })
    yield* syncTree(at, durability, function* () {})
    return there
  } catch (error) {
    stop.abort(error)
    throw error
  }
}

function* callBuild(at: string, build: Publishing['build'], signal: AbortSignal): Steps<void> {
  try {
    yield* fs.settle(build(at, { signal }))
  } catch (error) {
    throw keepAsItIs(error)
  }
}

/** Under the lock: gives the version its name, makes the link lead there, and sets aside what is old. */
function* publishStage(job: Publishing, stage: Staged<void>, made: Stats, old: Aside[]): Steps<string> {
  const { path, trial } = job
  const versions = yield* readVersions(path)
  const next = (versions[0]?.number ?? 0) + 1
  const version = versionPath(path, next + 1, yield* nonces())
  yield* renameThing(stage.path, version, made, job)
  stage.spent = true
  try {
    const directory = yield* statTarget(job)
    if (directory) yield* replaceDirectory(job, directory, versionPath(path, next, yield* nonces()), version)
    else yield* lead(job, version)
  } catch (error) {
    // It is not current, and so it is of no use.
    if (job.publication.published === false)
      yield* tidy(removeAt(version, silently(), trial, { isOurs: isStill(version, made) }))
    throw error
  }
  yield* tidy(setOldAside(job, version, old))
  return version
}

const renameThing = (from: string, to: string, was: Stats, { trial }: Publishing): Steps<true> =>
  achieve(
    () => done(fs.rename(from, to), true),
    () => isThing(to, was),
    trial,
  )

/** A link cannot be renamed onto a directory: for a moment nothing has the name. */
function* replaceDirectory(job: Publishing, was: Stats, aside: string, version: string): Steps<void> {
  yield* renameThing(job.path, aside, was, job)
  try {
    yield* lead(job, version)
  } catch (error) {
    if (job.publication.published === false) yield* tidy(renameThing(aside, job.path, was, job))
    throw error
  }
}

/** The text is relative, so that the directory above can be moved. */
function* lead({ path, durability, trial, publication }: Publishing, version: string): Steps<void> {
  publication.begin()
  try {
    const { retryFor } = trial
    yield* symlink.steps(basename(version), path, { replace: true, type: 'dir', durability, retryFor })
    publication.end(true)
  } catch (error) {
    publication.end((error as { published?: boolean | 'unknown' }).published ?? 'unknown')
    throw error
  }
}
