import { dirname } from 'node:path'
import { type Trial, tidy } from './core/achieve.js'
import type { Discard } from './core/discard.js'
import type { Stats } from './core/disk.js'
import { dual } from './core/drive.js'
import { syncName } from './core/durable.js'
import { hasCode } from './core/errors.js'
import { asDurability, asFlag, asPath, type Durability, type Patience, type Progress, refusal } from './core/input.js'
import { fs, type Steps } from './core/steps.js'
import { emplace } from './emplace.js'
import { moveDirectory } from './move-directory.js'
import { asDiscard, deleteAside, putBack, setAside } from './remove.js'

export interface MoveOptions extends Patience {
  /**
   * True: takes the place of what is at the target, without a gap: of a file or link, or of an empty directory.
   * `with-gap`: also of a directory with something in it, and of another kind of thing, which have to be put aside first,
   * so that for a moment nothing is there. @default false
   */
  readonly overwrite?: boolean | 'with-gap' | undefined
  /** `file`: a file's data is on the disk before its name changes; `full`: both names too. @default 'file' */
  readonly durability?: Durability | undefined
  /** Makes missing directories above the target. @default false */
  readonly parents?: boolean | undefined
  /** How many things are copied, and deleted, at a time when it goes to another device. @default 16 */
  readonly concurrency?: number | undefined
  /** Called for each thing that is copied to another device. An error that it throws ends the work. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/**
 * Moves a file, a link, or a directory with all that is in it.
 *
 * Holds afterwards: at an instant during the call `target` was what `source` had been (the very inode; across devices a
 * copy with its bytes, modes, times, and owners as far as the caller may give them), whole, and `source` is gone. Without
 * `overwrite` nothing was replaced: of several callers one wins. With it the target was never absent. Across devices the
 * copy is made ready at a private name, published at once, and only then is the source removed: whoever is killed leaves
 * the source whole, or the target, or both.
 *
 * Not promised: that what others change in the source, while it is copied to another device, is moved too. A directory's
 * name is claimed, without `overwrite`, by an empty directory: whoever is killed in that very moment leaves that.
 *
 * @param source What to move: a path, or a `file:` URL.
 * @param target Its new name, not the directory to put it in.
 * @returns True, or false when something was at the target, and no `overwrite`: then `source` is left alone.
 * @throws EINVAL: a directory into itself, before anything is done. ENOENT: no source, or no directory above the target,
 *   and no `parents`. ENOTEMPTY, EISDIR, ENOTDIR: the target cannot be replaced without a gap. EBUSY: a mount point.
 *   `ERR_NO_HARD_LINKS` where a file cannot be moved without overwriting. What else the system said, unchanged.
 *
 * @example
 * if (!(await move('upload.tmp', 'uploads/report.pdf'))) throw new Error('There is a report already')
 */
export const move = dual(function* move(
  source: string | URL,
  target: string | URL,
  options: MoveOptions = {},
): Steps<boolean> {
  const overwrite = asOverwrite(options.overwrite)
  const to = asPath(target, 'target')
  const job: Moving = {
    to,
    from: asPath(source, 'source'),
    overwrite: overwrite !== false,
    parents: asFlag(options.parents, 'options.parents'),
    durability: asDurability(options.durability),
    how: asDiscard(options),
    trial: { as: 'move', path: to, retryFor: options.retryFor },
  }
  const was = yield* fs.lstat(job.from)
  const moved = yield* overwrite === 'with-gap' ? putWithGap(job, was) : put(job, was)
  yield* syncName(to, job.durability)
  if (dirname(job.from) !== dirname(to)) yield* syncName(job.from, job.durability)
  return moved
})

/** A call under way. */
export interface Moving {
  readonly from: string
  readonly to: string
  readonly overwrite: boolean
  readonly parents: boolean
  readonly durability: Durability
  readonly how: Discard
  readonly trial: Trial
}

function asOverwrite(value: unknown): boolean | 'with-gap' {
  if (value === undefined || typeof value === 'boolean') return value ?? false
  if (value === 'with-gap') return value
  throw refusal('ERR_INVALID_ARG_VALUE', 'options.overwrite', "true, false or 'with-gap'", value)
}

function* put(job: Moving, was: Stats): Steps<boolean> {
  if (was.isDirectory()) return yield* moveDirectory(job, was)
  const { from, to, overwrite, durability, parents, trial } = job
  const durably = durability === 'none' ? 'none' : 'file'
  return yield* emplace.steps(from, to, {
    ifAbsent: !overwrite,
    durability: durably,
    parents,
    retryFor: trial.retryFor,
  })
}

/** What cannot be replaced at once is put aside, and put back if nothing came in its place. */
function* putWithGap(job: Moving, was: Stats): Steps<boolean> {
  try {
    return yield* put(job, was)
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST', 'EISDIR', 'ENOTDIR')) throw error
  }
  const outgoing = yield* setAside(job.to)
  try {
    yield* put(job, was)
  } catch (error) {
    if (outgoing) yield* tidy(putBack(outgoing, error))
    throw error
  }
  if (outgoing) yield* deleteAside(outgoing, job.how, job.trial)
  return true
}
