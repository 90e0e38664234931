// One file, or one link: made ready at a private name, and published in one step.

import { hasCode, isSystemError, type SystemError, shortages, systemError } from '../core/errors.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { type Again, achieve, again, type Trial } from '../parts/achieve.js'
import { claim } from '../parts/claim.js'
import { tidy } from '../parts/cleanup.js'
import { duplicate } from '../parts/duplicate.js'
import { isInode } from '../parts/identity.js'
import { statVanishedParent, withParents } from '../parts/parents.js'
import { giving, isSpent } from '../parts/publish.js'
import { statCopy } from '../parts/same-content.js'
import { type Staged, staged } from '../parts/stage.js'
import type { Item, Twin } from './item.js'
import type { Copying, Tree } from './job.js'
import { mayDestroy, refuseReplacing } from './refusals.js'

export function* copyEntry(item: Item, job: Tree): Steps<void> {
  const { from, to } = item
  const there = job.overwrite && !mayDestroy(item) ? undefined : yield* fs.lstat(to, orNothing)
  if (there?.isDirectory()) throw systemError('EISDIR', 'copy', 'a directory has the name', from, to)
  if (there && item.kind === 'link' && job.refuseLink) yield* job.refuseLink(item)
  if (there && !job.overwrite) return keepExisting(item, job)
  if (there) yield* refuseReplacing(from, to, item.kind, there, job)
  item.copied = yield* achieve(
    () => underParents(item, job, () => tryCopy(item, job)),
    error => statCopied(item, job, error),
    trialOf(job),
  )
  if (!item.copied) keepExisting(item, job)
}

/** While others are copied as well, they have the descriptors: then waiting cures nothing, and fewer at a time does. */
export const trialOf = ({ trial, concurrency, group }: Tree): Trial =>
  concurrency > 1 || group.filter(isOpen).length > 1
    ? { ...trial, never: [...(trial.never ?? []), ...shortages] }
    : trial

const isOpen = ({ source }: Item): boolean => source?.fd !== undefined

/** Only above the topmost thing can directories be missing. */
export const underParents = <T>({ from, to, above }: Item, { parents }: Copying, steps: () => Steps<T>): Steps<T> =>
  above ? steps() : withParents(to as string, parents, steps, from as string)

/** Leaves what is at the target as it is, unless that is to be an error. */
function keepExisting({ from, to }: Item, { errorOnExist }: Copying): void {
  if (errorOnExist) throw systemError('EEXIST', 'copy', 'the target is there', from, to)
}

function* tryCopy(item: Item, job: Copying): Steps<boolean> {
  if (item.kind === 'link' && !job.overwrite) {
    // A link is whole as soon as it is there, so it needs no private name; and not every system links links.
    yield* giving(job.trial.publication, item.to, fs.symlink(yield* fs.readlink(item.from), item.to))
    return true
  }
  return yield* staged(
    stageTarget(item),
    path => makeReady(item, path, job),
    stage => renameOrClaim(stage, item, job),
  )
}

/**
 * The name beside which the copy is made ready: its own, or a directory above that surely lets names be removed again.
 */
const stageTarget = ({ to, above }: Item): Path => above?.beside ?? to

/** True if the directory is to be read-only and another call made it: that call may make it read-only at any moment. */
export const mayBeReadOnly = ({ was, made }: Item): boolean =>
  !made && was !== undefined && (was.mode & 0o300n) !== 0o300n

function* makeReady(item: Item, path: Path, job: Copying): Steps<void> {
  if (item.twin && (yield* linkTwin(item.twin, path))) return
  item.twin = undefined
  // What a file was when it was opened is what was copied, and says how many bytes that were.
  const device = item.above?.target?.was?.dev
  const kept = { ...job.keeps, follows: follows(item, job) }
  item.was = (yield* duplicate(item.from, path, item.kind, kept, item.progress, device)) ?? item.was
  if (item.kind === 'file' && item.was && item.was.nlink > 1n) item.inode = yield* fs.lstat(path)
}

/**
 * Is a link followed that comes in the place of a file meanwhile? Not where another user may have put it. The end of the
 * topmost path was found before.
 */
const follows = ({ above, follows }: Item, { dereference }: Copying): boolean =>
  follows || (above !== undefined && dereference && ((above.source?.was?.mode ?? 0n) & 0o1000n) === 0n)

/** Makes `path` a link to the copy. Returns whether it is one: if not, the item is copied like any other. */
function* linkTwin({ path: existing, inode }: Twin, path: Path): Steps<boolean> {
  try {
    yield* fs.link(existing, path)
  } catch (error) {
    if (!isSystemError(error)) throw error
  }
  const isLinked = (yield* isInode(path, inode)) ?? false
  if (!isLinked) yield* tidy(fs.unlink(path))
  return isLinked
}

function* renameOrClaim(stage: Staged<void, Path>, { to, twin }: Item, { overwrite, trial }: Copying): Steps<boolean> {
  if (!overwrite) return yield* claim(stage.path, to, trial)
  yield* giving(trial.publication, to, fs.rename(stage.path, to), () => isSpent(stage.path))
  // A rename between two names of one inode does nothing.
  stage.spent = !twin
  return true
}

/** After an attempt that failed: is the very same there, made by this call or another, or has the world moved? */
function* statCopied(item: Item, job: Copying, error: SystemError): Steps<boolean | Again | undefined> {
  const { from, to } = item
  const seen = yield* statCopy(from, to, job.dereference)
  if (seen === 'alike') return true
  // Something else stays, if that was asked for; but a directory there is an error.
  if (seen === 'another') return job.overwrite || (yield* fs.lstat(to, orNothing))?.isDirectory() ? undefined : false
  return yield* statVanished(item, job, error)
}

/** After an attempt that failed, and nothing is there: has the world moved since? */
export function* statVanished(
  { from, above }: Item,
  { parents }: Copying,
  error: SystemError,
): Steps<Again | undefined> {
  // The name was taken, and nothing has it now: what had it is gone.
  if (hasCode(error, 'EEXIST')) return again
  return yield* statVanishedParent(above ? undefined : parents, error, from)
}
