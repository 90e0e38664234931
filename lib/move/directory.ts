// Moves a directory: by a rename, onto a name that is claimed first if nothing may be overwritten; to another device,
// as a copy that is staged beside the target. Files and links come here, too, if they are moved with a gap.

import { dirname } from 'node:path'
import { copyTree } from '../copy/tree.js'
import { hasCode, isSystemError, systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { cleaningUp, discard, tidy, uninterruptible } from '../parts/cleanup.js'
import { containment } from '../parts/containment.js'
import { syncName } from '../parts/durable.js'
import { removeMade } from '../parts/made-directory.js'
import { refuseMount } from '../parts/mount.js'
import { isStill } from '../parts/placed.js'
import { namingPublicly } from '../parts/public-names.js'
import { putBack } from '../parts/put-back.js'
import { type Aside, deleteSetAside } from '../parts/set-aside.js'
import { stageName } from '../parts/stage-names.js'
import { takeNameAside } from '../parts/take-name.js'
import { type Moving, quiet } from './job.js'
import { placeAtTarget } from './place.js'

export function* moveDirectory(job: Moving, was: Stats): Steps<boolean> {
  const { from, to } = job
  if (was.isDirectory() && (yield* containment(dirname(to), from)) !== 'outside')
    throw systemError('EINVAL', 'rename', 'a directory cannot be moved into itself', from, to)
  try {
    return yield* placeAtTarget(job, from, was)
  } catch (error) {
    if (!hasCode(error, 'EXDEV')) throw error
  }
  return yield* moveAcross(job, was)
}

/** Moves to another device: a copy, whole and on disk, gets the name, and only then is the source removed. */
function* moveAcross(job: Moving, was: Stats): Steps<boolean> {
  const { from, to, parents, durability, deletion, trial } = job
  yield* refuseMount(from, was)
  const stage = yield* stageName(to)
  const made: { was: Stats | undefined } = { was: undefined }
  let placed = false
  try {
    yield* copyTree({ from, to: stage }, was, {
      overwrite: true,
      errorOnExist: false,
      filter: undefined,
      dereference: false,
      parents,
      keeps: { times: true, owner: true, synced: durability !== 'none' },
      durability: durability === 'none' ? 'none' : 'full',
      concurrency: deletion.concurrency,
      onProgress: deletion.onProgress,
      sum: deletion.sum,
      // What gets a name in the stage is not published.
      trial: { ...trial, publication: undefined },
      barred: yield* fs.stat(dirname(to), orNothing),
      // What is not this very directory would be copied, and not removed.
      expected: was,
      made,
    })
    placed = yield* placeAtTarget(job, stage, yield* fs.lstat(stage))
  } catch (error) {
    throw namingPublicly(error, stage, to)
  } finally {
    if (!placed) yield* cleaningUp(() => discard(() => removeMade(stage, made.was, quiet(job))))
  }
  if (!placed) return false
  yield* syncName(to, durability === 'none' ? 'none' : 'full', parents)
  yield* removeSource(job, was)
  return true
}

function* removeSource(job: Moving, was: Stats): Steps<void> {
  const { trial } = job
  const aside = yield* takeSource(job, was)
  if (!aside) return
  try {
    // If the call is stopped here, a part of the source must not come back, as if the source had not been moved.
    yield* uninterruptible(() => deleteSetAside(aside, quiet(job), trial))
  } catch (error) {
    if (isSystemError(error) && aside.at !== aside.path) yield* tidy(putBack(aside, error))
    throw error
  }
}

/** If something else has the source's name now, another process has put it there: then that stays. */
function* takeSource({ from, trial }: Moving, was: Stats): Steps<Aside | undefined> {
  try {
    const at = yield* takeNameAside(from, was, trial)
    return at === undefined ? undefined : { path: from, at, isOurs: isStill(from, was) }
  } catch (error) {
    // On lower layers of overlayfs, and on a full disk, it cannot be renamed, and is deleted in place.
    if (hasCode(error, 'EXDEV', 'ENOSPC', 'EDQUOT')) return { path: from, at: from }
    throw error
  }
}
