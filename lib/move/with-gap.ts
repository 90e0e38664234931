// What a rename cannot replace is set aside first; for a moment nothing has the name.

import { dirname } from 'node:path'
import { type Errno, hasCode, isSystemError, markFinal } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { discard, uninterruptible } from '../parts/cleanup.js'
import { containment } from '../parts/containment.js'
import { isInode } from '../parts/identity.js'
import { keptName } from '../parts/keep-aside.js'
import { deleteSetAside, putBack, renameAside, setAside } from '../parts/set-aside.js'
import { stageName } from '../parts/stage-names.js'
import { type Moving, quiet } from './job.js'

/** What `rename` reports if the target is a directory with something in it, or a thing of another kind. */
const inTheWay: readonly Errno[] = ['ENOTEMPTY', 'EEXIST', 'EISDIR', 'ENOTDIR']

/** Is the error about what has the target's name, and not about something above it? */
export function* isInTheWay(to: string, error: unknown): Steps<boolean> {
  if (hasCode(error, 'ENOTDIR')) return (yield* fs.stat(dirname(to), orNothing))?.isDirectory() ?? false
  return hasCode(error, ...inTheWay)
}

export function* renameWithGap(job: Moving, from: string, was: Stats): Steps<true> {
  const { to } = job
  try {
    yield* fs.rename(from, to)
    return true
  } catch (error) {
    if (!hasCode(error, ...inTheWay)) throw error
    // The source would be set aside together with the target.
    if (!hasCode(error, 'ENOTDIR') && (yield* isWithin(job.from, to))) throw markFinal(error)
  }
  yield* setTargetAside(job)
  let placed = false
  try {
    yield* fs.rename(from, to)
    placed = true
  } catch (error) {
    // A call that fails or is stopped here leaves the old or the new at the name, and no gap.
    yield* uninterruptible(function* () {
      placed = yield* isPlaced(to, was)
      if (!placed) yield* putLastBack(job)
    })
    if (!placed) throw error
  }
  return true
}

/**
 * Makes the target's name free. What had it is kept where no sweeper deletes it, until something new is in place. A
 * target that cannot be renamed is deleted in place.
 */
function* setTargetAside(job: Moving): Steps<void> {
  const { to, trial, replaced } = job
  const aside = yield* setAside(to, trial, keptName)
  if (aside && aside.at !== to) replaced.push({ at: aside.at, isDebris: false })
  else if (aside) yield* deleteSetAside(aside, quiet(job), trial)
}

function* isWithin(from: string, to: string): Steps<boolean> {
  try {
    return (yield* containment(dirname(from), to)) !== 'outside'
  } catch (error) {
    // ENOENT: the target is gone.
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}

/** Is the inode `was` at `to`? If that cannot be read, it is taken not to be. */
function* isPlaced(to: string, was: Stats): Steps<boolean> {
  try {
    return (yield* isInode(to, was)) ?? false
  } catch (error) {
    if (!isSystemError(error)) throw error
    return false
  }
}

/** If something else has the name now, the old target stays where it is: this call may yet replace that, too. */
function* putLastBack({ to, replaced }: Moving): Steps<void> {
  const aside = replaced.at(-1)
  if (!aside) return
  yield* discard(function* () {
    yield* putBack({ path: to, at: aside.at })
    replaced.pop()
  })
}

/** Something new is in place. What is half deleted is debris, so first it gets a private name. */
export function* deleteReplaced(job: Moving): Steps<void> {
  const { to, replaced, trial } = job
  for (let aside = replaced.at(-1); aside; aside = replaced.at(-1)) {
    const one = aside
    if (!one.isDebris)
      yield* discard(function* () {
        one.at = (yield* renameAside(one.at, trial, () => stageName(to))) ?? one.at
        one.isDebris = true
      })
    yield* discard(() => deleteSetAside({ path: to, at: one.at }, quiet(job), trial))
    replaced.pop()
  }
}

/** Adds to the error where that is which was set aside and could not get its name back. */
export function nameReplaced({ to, replaced }: Moving, error: unknown): void {
  if (!(error instanceof Error)) return
  for (const { at } of replaced) error.message += ` (what had the name ${to} is now at ${at})`
}
