// A private directory to try things in, which is gone afterwards, whatever came of them.

import { basename, dirname } from 'node:path'
import { isInterruption } from '../core/deadline.js'
import { hasCode, isSystemError, mounted } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { achieve, type Trial, tidy } from '../parts/achieve.js'
import { discard } from '../parts/delete-tree.js'
import { stageName } from '../parts/stage.js'

/** It, by the two paths that lead to it; mostly they are one. */
export interface Laboratory {
  readonly here: string
  readonly there: string
}

/** Makes one in `dir`, which is seen through `through`, too; hands it to `use`, and takes it away again. */
export function* inLaboratory<T>(
  dir: string,
  through: string,
  use: (lab: Laboratory) => Steps<T>,
  trial: Trial,
): Steps<T> {
  const name = basename(yield* stageName(`${dir}/probe`))
  const lab = { here: `${dir}/${name}`, there: `${through}/${name}` }
  try {
    yield* make(lab.here)
    if (through !== dir) {
      // ENOENT at once, if it is not there at all.
      yield* fs.stat(through)
      yield* shown(lab.there, lab)
    }
    return yield* use(lab)
  } finally {
    yield* tidy(clear(lab, trial))
  }
}

/** Nobody else has this name, so EEXIST is the echo of our own call. */
function* make(path: string): Steps<void> {
  try {
    yield* fs.mkdir(path, 0o700)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  }
}

/** Tried twice: an interruption comes once, and with luck so does a failure. */
function* clear(lab: Laboratory, trial: Trial): Steps<void> {
  const away = () =>
    achieve(
      () => discarded(lab),
      () => isNothing(lab.here),
      // What a cache hides from us for a while is in the way all the same.
      { ...trial, also: ['ENOTEMPTY', 'EEXIST'], never: mounted },
    )
  try {
    yield* away()
  } catch (error) {
    // That was waited for.
    if (hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error
    yield* away()
    if (isInterruption(error)) throw error
  }
}

function* discarded({ here, there }: Laboratory): Steps<true> {
  try {
    yield* discard(here, 'directory', plainly())
    return true
  } catch (error) {
    if (there === here || !isSystemError(error)) throw error
  }
  // Where caches differ, what was made by the other path is seen there only.
  yield* tidy(discard(there, 'directory', plainly()))
  yield* discard(here, 'directory', plainly())
  return true
}

const plainly = () => ({ concurrency: 16, onProgress: undefined, sum: { done: 0, total: 0, bytes: 0 } })

function* isNothing(path: string): Steps<true | undefined> {
  return (yield* fs.lstat(path, orNothing)) ? undefined : true
}

const longestWaitMs = 2000

/** What was made by one path is looked for by the other, where a cache may show it late. */
export function* shown(path: string, { here, there }: Laboratory): Steps<Stats> {
  const begun = yield* fs.now()
  for (;;) {
    const seen = yield* fs.lstat(path, orNothing)
    if (seen) return seen
    if ((yield* fs.now()) - begun >= longestWaitMs) throw notTheSame(dirname(here), dirname(there))
    yield* fs.sleep(20)
  }
}

function notTheSame(path: string, dest: string): Error {
  const why = 'they are two directories, or the second is shown as it was before'
  const message = `What was made in '${path}' was not seen in '${dest}' within ${longestWaitMs} ms: ${why}`
  return Object.assign(new Error(message), { code: 'ERR_NOT_THE_SAME_DIRECTORY', path, dest })
}
