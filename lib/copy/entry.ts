// One file, or one link: made ready at a private name, and published at once.

import { hasCode, type SystemError, systemError } from '../core/errors.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { type Again, achieve, again } from '../parts/achieve.js'
import { claim } from '../parts/claim.js'
import { duplicate } from '../parts/duplicate.js'
import { whileSynced } from '../parts/durable.js'
import { withParents } from '../parts/parents.js'
import { statCopy } from '../parts/same-content.js'
import { type Staged, staged } from '../parts/stage.js'
import type { Copying, Item } from './job.js'

export function* copyEntry(item: Item, job: Copying): Steps<void> {
  const { from, to } = item
  const there = job.overwrite ? undefined : yield* fs.lstat(to, orNothing)
  if (there?.isDirectory()) throw systemError('EISDIR', 'copy', 'a directory has the name', from, to)
  if (there) return keepExisting(item, job)
  // Who may run it, and as whom, must be known before there is a copy.
  if (!item.was && item.kind === 'file') item.was = yield* fs.lstat(from)
  item.copied = yield* achieve(
    () => underParents(item, job, () => tryCopy(item, job)),
    error => statCopied(item, job, error),
    job.trial,
  )
  if (!item.copied) keepExisting(item, job)
}

/** Only above the topmost there may be directories to make. */
export const underParents = <T>({ from, to, above }: Item, { parents }: Copying, steps: () => Steps<T>): Steps<T> =>
  above ? steps() : withParents(to as string, parents, steps, from as string)

/** Something is there, and stays. */
function keepExisting({ from, to }: Item, { errorOnExist }: Copying): void {
  if (errorOnExist) throw systemError('EEXIST', 'copy', 'the target is there', from, to)
}

function* tryCopy(item: Item, job: Copying): Steps<boolean> {
  if (item.kind === 'link' && !job.overwrite) {
    // A link is whole as soon as it is there; and hard links to links are not to be had everywhere.
    yield* fs.symlink(yield* fs.readlink(item.from), item.to)
    return true
  }
  return yield* staged(
    stageTarget(item),
    path => makeReady(item, path, job),
    stage => publish(stage, item, job),
  )
}

/** Beside which name it is made ready: its own, where that can be taken away again. */
const stageTarget = ({ to, above }: Item): Path => (above && mayBeReadOnly(above) ? stageTarget(above) : to)

/** The directory shall be read-only, and another copier who made it may have finished it at any moment. */
export const mayBeReadOnly = ({ was, made }: Item): boolean =>
  !made && was !== undefined && (was.mode & 0o300n) !== 0o300n

function* makeReady({ from, was, kind }: Item, path: Path, { keeps }: Copying): Steps<void> {
  if (was) yield* duplicate(from, path, was, keeps)
  else if (kind === 'link') yield* fs.symlink(yield* fs.readlink(from), path)
  else yield* fs.copyFile(from, path)
}

function* publish(stage: Staged<void, Path>, item: Item, job: Copying): Steps<boolean> {
  return yield* job.durability === 'none' || item.kind !== 'file'
    ? renameOrClaim(stage, item, job)
    : whileSynced(stage.path, () => renameOrClaim(stage, item, job))
}

function* renameOrClaim(stage: Staged<void, Path>, { to }: Item, { overwrite, trial }: Copying): Steps<boolean> {
  if (!overwrite) return yield* claim(stage.path, to, trial)
  yield* fs.rename(stage.path, to)
  stage.spent = true
  return true
}

/** Looks after an attempt that failed: the very same may be there, by us or by another who copies it. */
function* statCopied(item: Item, job: Copying, error: SystemError): Steps<boolean | Again | undefined> {
  const { from, to } = item
  const seen = yield* statCopy(from, to, job.dereference)
  if (seen === 'alike') return true
  // Something else stays, if that is what was asked for; but a directory is none of what may.
  if (seen === 'another') return job.overwrite || (yield* fs.lstat(to, orNothing))?.isDirectory() ? undefined : false
  return yield* statVanished(item, job, error)
}

/** Nothing is there: has the world moved since the attempt? */
export function* statVanished(
  { from, above }: Item,
  { parents }: Copying,
  error: SystemError,
): Steps<Again | undefined> {
  // It was taken: whoever had the name has gone.
  if (hasCode(error, 'EEXIST')) return again
  // The directory above went away between two calls.
  const vanished = !above && parents && hasCode(error, 'ENOENT') && (yield* fs.lstat(from, orNothing))
  return vanished ? again : undefined
}
