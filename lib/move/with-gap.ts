// What cannot be replaced at once is put aside, and then, for a moment, nothing has the name.

import { dirname } from 'node:path'
import { cannotLink, type Errno, hasCode, isSystemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { asLastWord, failureOf, inPeace, tidy } from '../parts/achieve.js'
import { same } from '../parts/claim.js'
import { isWithin } from '../parts/containment.js'
import { deleteAside, type Outgoing, setAside } from '../remove.js'
import type { Moving } from './job.js'

/** What `rename` says of a directory with something in it, or of another kind of thing. */
const inTheWay: readonly Errno[] = ['ENOTEMPTY', 'EEXIST', 'EISDIR', 'ENOTDIR']

/** Is it the target that it says this of, and not something above it? */
export function* isInTheWay(to: string, error: unknown): Steps<boolean> {
  if (hasCode(error, 'ENOTDIR')) return (yield* fs.stat(dirname(to), orNothing))?.isDirectory() ?? false
  return hasCode(error, ...inTheWay)
}

export function* renamedWithGap(job: Moving, from: string, was: Stats): Steps<true> {
  const { to } = job
  try {
    yield* fs.rename(from, to)
    return true
  } catch (error) {
    if (!hasCode(error, ...inTheWay)) throw error
    // The source would be put aside with it.
    if (!hasCode(error, 'ENOTDIR') && (yield* isIn(job.from, to))) throw asLastWord(error)
  }
  const outgoing = yield* putAside(job)
  const failure = yield* failureOf(fs.rename(from, to))
  let done = failure === undefined
  // Whoever fails now, or is stopped, leaves the old or the new, and no gap.
  yield* inPeace(function* () {
    done ||= yield* hasCome(to, was)
    if (outgoing) yield* done ? forget(outgoing, job) : putBack(outgoing, job)
  })
  if (!done) throw failure
  return true
}

/** Where it cannot have another name, it is deleted on the spot. */
function* putAside({ to, quiet, trial }: Moving): Steps<Outgoing | undefined> {
  const outgoing = yield* setAside(to)
  if (outgoing && outgoing.at !== to) return outgoing
  if (outgoing) yield* deleteAside(outgoing, quiet, trial)
  return undefined
}

function* isIn(from: string, to: string): Steps<boolean> {
  try {
    return (yield* isWithin(dirname(from), to)) !== 'outside'
  } catch (error) {
    // It has gone.
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}

/** What cannot be seen is not. */
function* hasCome(to: string, was: Stats): Steps<boolean> {
  try {
    return same(yield* fs.lstat(to, orNothing), was)
  } catch (error) {
    if (!isSystemError(error)) throw error
    return false
  }
}

/** Over nothing. If something else has its name by now, that has replaced it. */
function* putBack(outgoing: Outgoing, job: Moving): Steps<void> {
  try {
    yield* renamedBack(outgoing)
  } catch (error) {
    if (hasCode(error, ...inTheWay)) yield* forget(outgoing, job)
    else if (!isSystemError(error)) throw error
  }
}

function* renamedBack({ at, path }: Outgoing): Steps<void> {
  // A directory replaces an empty one at most.
  if ((yield* fs.lstat(at)).isDirectory()) return yield* fs.rename(at, path)
  try {
    yield* fs.link(at, path)
  } catch (error) {
    if (!cannotLink(error)) throw error
    return yield* fs.rename(at, path)
  }
  yield* fs.unlink(at)
}

/** The deed is done. */
function* forget(outgoing: Outgoing, { quiet, trial }: Moving): Steps<void> {
  yield* tidy(deleteAside(outgoing, quiet, trial))
}
