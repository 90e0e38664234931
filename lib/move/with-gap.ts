// What a rename cannot replace is set aside first; for a moment nothing has the name.

import { dirname } from 'node:path'
import { type Errno, hasCode, isSystemError, markFinal, mayBeOpen } from '../core/errors.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { cleaningUp, discard } from '../parts/cleanup.js'
import { containment } from '../parts/containment.js'
import { syncName } from '../parts/durable.js'
import { keptName } from '../parts/keep-aside.js'
import { addFinding } from '../parts/public-names.js'
import { putBack } from '../parts/put-back.js'
import { renameAside } from '../parts/rename-aside.js'
import { deleteSetAside, setAside } from '../parts/set-aside.js'
import { stageName } from '../parts/stage-names.js'
import { type Moving, quiet, type Replaced } from './job.js'

/** What `rename` reports if the target is a directory with something in it, or a thing of another kind. */
const inTheWay: readonly Errno[] = ['ENOTEMPTY', 'EEXIST', 'EISDIR', 'ENOTDIR']

/** Is the error about what has the target's name, and not about something above it? */
export function* isInTheWay(to: string, error: unknown): Steps<boolean> {
  // What Windows reports of a directory in the way.
  if (mayBeOpen(error)) return (yield* fs.lstat(to, orNothing))?.isDirectory() ?? false
  if (hasCode(error, 'ENOTDIR')) return (yield* fs.stat(dirname(to), orNothing))?.isDirectory() ?? false
  return hasCode(error, ...inTheWay)
}

/** `give` renames something to the target's name. If it failed, `hasGiven` looks whether it has done so all the same. */
export function* renameWithGap(job: Moving, give: () => Steps<void>, hasGiven: () => Steps<boolean>): Steps<true> {
  const { to, trial } = job
  try {
    yield* give()
    return true
  } catch (error) {
    if (!hasCode(error, ...inTheWay) && !(mayBeOpen(error) && (yield* isInTheWay(to, error)))) throw error
    // The source would be set aside together with the target.
    if (!hasCode(error, 'ENOTDIR') && (yield* isWithin(job.from, to))) throw markFinal(error)
  }
  yield* setTargetAside(job)
  let placed = false
  try {
    yield* give()
    placed = true
  } catch (error) {
    // A call that fails or is stopped here leaves the old or the new at the name, and no gap.
    yield* cleaningUp(function* () {
      placed = yield* isCertain(hasGiven)
      if (!placed) yield* putLastBack(job)
    })
    if (!placed) throw error
    trial.publication?.decide(true)
  }
  return true
}

/**
 * Makes the target's name free. What had it is kept where no sweeper deletes it, until something new is in place. A
 * target that cannot be renamed is deleted in place.
 */
function* setTargetAside(job: Moving): Steps<void> {
  const { to, trial, replaced } = job
  const aside = yield* setAside(to, trial, { nameOf: keptName })
  if (aside && aside.at !== to) replaced.push({ at: aside.at, isOurs: aside.isOurs, isDebris: false })
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

/** What cannot be found out is not certain. */
function* isCertain(look: () => Steps<boolean>): Steps<boolean> {
  try {
    return yield* look()
  } catch (error) {
    if (!isSystemError(error)) throw error
    return false
  }
}

/**
 * If something else has the name now, the old target stays where it is: this call may yet replace that, too. If it does
 * not, `nameReplaced` says where the old target is.
 */
function* putLastBack({ to, replaced }: Moving): Steps<void> {
  const aside = replaced.at(-1)
  if (!aside) return
  yield* discard(function* () {
    yield* putBack({ path: to, at: aside.at })
    replaced.pop()
  })
}

/**
 * Something new is in place: deletes what was replaced. First the new name is synced: a power cut must not keep a part of
 * the old and not the new. What no sweeper would take stays in `replaced`, and is an error.
 */
export function* deleteReplaced(job: Moving): Steps<void> {
  const { to, replaced, parents, durability } = job
  let failure: unknown
  try {
    if (durability !== 'none') yield* syncName(to, 'full', parents)
  } finally {
    for (const aside of replaced) failure = (yield* deleteAsDebris(aside, job)) ?? failure
    replaced.splice(0, replaced.length, ...replaced.filter(({ isDebris }) => !isDebris))
  }
  if (failure !== undefined) throw failure
}

/** What is half deleted is debris, so first it gets a private name. Returns the error if it cannot get one. */
function* deleteAsDebris(aside: Replaced, job: Moving): Steps<unknown> {
  const { to, trial } = job
  let failure: unknown
  if (!aside.isDebris)
    yield* discard(function* () {
      try {
        aside.at = (yield* renameAside(aside.at, trial, () => stageName(to))) ?? aside.at
        aside.isDebris = true
      } catch (error) {
        failure = error
        throw error
      }
    })
  if (aside.isDebris)
    yield* discard(() => deleteSetAside({ path: to, at: aside.at, isOurs: aside.isOurs }, quiet(job), trial))
  return aside.isDebris ? undefined : failure
}

/** Adds to the error where that is which was set aside, and could neither get its name back nor be deleted. */
export function nameReplaced({ replaced }: Moving, error: unknown): void {
  for (const { at } of replaced) addFinding(error, `what had the target's name before is at '${at}' now`)
}
