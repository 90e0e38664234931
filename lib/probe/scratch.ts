// A private directory to experiment in. It is removed afterwards, whatever the experiments did.

import { basename, dirname } from 'node:path'
import { hasCode, isSystemError, mountPointCodes } from '../core/errors.js'
import { isInterruption } from '../core/interruption.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { achieve, done, type Trial } from '../parts/achieve.js'
import { discardOnce, tidy } from '../parts/cleanup.js'
import { silently } from '../parts/delete-job.js'
import { isGone } from '../parts/identity.js'
import { removeMade, statMade } from '../parts/made-directory.js'
import { namingOnly } from '../parts/public-names.js'
import { stageName } from '../parts/stage-names.js'

/** The directory, by the two paths that lead to it; usually both are the same. */
export interface ScratchDir {
  readonly here: string
  readonly there: string
}

/** What it is, by each of them. */
interface Made {
  here?: Stats | undefined
  there?: Stats
}

/** Makes a directory in `dir`, to which `through` leads as well, passes it to `use`, and removes it again. */
export function* inScratchDir<T>(
  dir: string,
  through: string,
  use: (scratch: ScratchDir) => Steps<T>,
  trial: Trial,
): Steps<T> {
  const name = basename(yield* stageName(`${dir}/probe`))
  const scratch = { here: `${dir}/${name}`, there: `${through}/${name}` }
  const made: Made = {}
  try {
    made.here = yield* makeScratch(scratch.here)
    if (through !== dir) {
      // ENOENT at once if `through` is missing: only what is new in it needs to be waited for.
      yield* fs.stat(through)
      made.there = yield* statShown(scratch.there, scratch)
    }
    return yield* use(scratch)
  } catch (error) {
    throw namingOnly(namingOnly(error, scratch.here, dir), scratch.there, through)
  } finally {
    yield* discardOnce(() => removeScratch(scratch, made, trial))
  }
}

/** No other process has this name, so EEXIST comes from a retransmission of our own call. */
function* makeScratch(path: string): Steps<Stats | undefined> {
  try {
    yield* fs.mkdir(path, 0o700)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  }
  return yield* statMade(path)
}

/** Removes the directory, in two tries: an interruption comes only once, and a failure may not come again. */
function* removeScratch(scratch: ScratchDir, made: Made, trial: Trial): Steps<void> {
  const remove = () =>
    achieve(
      () => done(deleteScratch(scratch, made), true),
      () => isGone(scratch.here),
      // Things that a cache hides for a while are in the way all the same.
      { ...trial, also: ['ENOTEMPTY', 'EEXIST'], never: mountPointCodes },
    )
  try {
    yield* remove()
  } catch (error) {
    // These have been retried already.
    if (hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error
    yield* remove()
    if (isInterruption(error)) throw error
  }
}

function* deleteScratch({ here, there }: ScratchDir, made: Made): Steps<void> {
  const job = silently(16)
  try {
    return yield* removeMade(here, made.here, job)
  } catch (error) {
    if (there === here || !isSystemError(error)) throw error
  }
  // Where caches differ, what was made by the other path is visible only by that path.
  yield* tidy(removeMade(there, made.there, job))
  yield* removeMade(here, made.here, job)
}

const longestWaitMs = 2000

/** Waits until one path shows what was made by the other: a cache may show it late. */
export function* statShown(path: string, { here, there }: ScratchDir): Steps<Stats> {
  const begun = yield* fs.now()
  for (;;) {
    const stats = yield* fs.lstat(path, orNothing)
    if (stats) return stats
    if ((yield* fs.now()) - begun >= longestWaitMs) throw notTheSameDirectory(dirname(here), dirname(there))
    yield* fs.sleep(20)
  }
}

function notTheSameDirectory(path: string, dest: string): Error {
  const why = 'they are two directories, or the second path shows an older state'
  const message = `What was made in '${path}' was not seen in '${dest}' within ${longestWaitMs} ms: ${why}`
  return Object.assign(new Error(message), { code: 'ERR_NOT_THE_SAME_DIRECTORY', path, dest })
}
