import { dirname } from 'node:path'
import { dual } from './core/dual.js'
import { hasCode, mountPointCodes } from './core/errors.js'
import {
  asDurability,
  asFlag,
  asName,
  asPath,
  type Durability,
  type Patience,
  type Progress,
  refusal,
} from './core/input.js'
import type { Stats } from './core/stats.js'
import { fs, type Steps } from './core/steps.js'
import { moveDirectory } from './move/directory.js'
import { moveFile } from './move/file.js'
import type { Moving } from './move/job.js'
import { asDeleteJob } from './parts/delete-tree.js'
import { syncDir, syncName } from './parts/durable.js'

export interface MoveOptions extends Patience {
  /**
   * True: takes the place of what is at the target, without a gap: of a file or link, or of an empty directory.
   * `with-gap`: also of a directory with something in it, and of another kind of thing. That is put aside first, and put
   * back if the move fails; for that moment nothing is there, and who is killed then leaves it so. @default false
   */
  readonly overwrite?: boolean | 'with-gap' | undefined
  /** `file`: a file's data is on the disk before its name changes; `full`: both names too. @default 'file' */
  readonly durability?: Durability | undefined
  /** Makes missing directories above the target. @default false */
  readonly parents?: boolean | undefined
  /** How many things are copied, and deleted, at a time when it goes to another device. @default 64 */
  readonly concurrency?: number | undefined
  /** Called for each thing in a directory that is copied to another device. An error that it throws ends the work. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/**
 * Moves a file, a link, or a directory with all that is in it.
 *
 * Holds afterwards: at an instant during the call `target` was what `source` had been (the very inode; across devices a
 * copy with its bytes, modes, times, and owners as far as the caller may give them), whole, and `source` is gone. Without
 * `overwrite` nothing was replaced: of several callers with one target, one wins. With it the target was never absent. Of
 * several who move one source to different targets, one gets it; the others are told ENOENT. Across devices the copy is
 * made ready at a private name, published at once, and only then is the source removed: whoever fails, is stopped or is
 * killed leaves the source whole, or the target, or both.
 *
 * Not promised: that what others change in the source, while it is copied to another device, is moved too, nor that only
 * one of several gets a copy there. A directory's name is claimed, without `overwrite`, by an empty directory: whoever is
 * killed in that very moment, or whose claim's reply is lost, leaves that, and an empty directory that another puts in its
 * place then is replaced. A link that goes to another device has new times.
 *
 * @param source What to move: a path, or a `file:` URL. A slash at its end does not lead through a link.
 * @param target Its new name, not the directory to put it in.
 * @returns True, or false when something was at the target, and no `overwrite`: then `source` is left alone.
 * @throws EINVAL: a directory into itself, before anything is done. ENOENT: no source, or no directory above the target,
 *   and no `parents`. ENOTEMPTY (on some filesystems EEXIST), EISDIR, ENOTDIR: the target cannot be replaced without a gap,
 *   or the source is in it. EBUSY: a mount point. EACCES: also of a file that may not be read, and so cannot be synced.
 *   EAGAIN: somebody else went on moving the same to the same name. `ERR_NO_HARD_LINKS` where a file cannot be moved
 *   without overwriting. What else the system said, unchanged.
 *
 * @example
 * if (!(await move('upload.tmp', 'uploads/report.pdf'))) throw new Error('There is a report already')
 */
export const move = dual(function* move(
  source: string | URL,
  target: string | URL,
  options: MoveOptions = {},
): Steps<boolean> {
  const to = asPath(target, 'target')
  const job: Moving = {
    to,
    from: asName(source, 'source'),
    overwrite: asOverwrite(options.overwrite),
    parents: asFlag(options.parents, 'options.parents'),
    durability: asDurability(options.durability),
    deletion: asDeleteJob(options),
    trial: { as: 'move', path: to, retryFor: options.retryFor, never: mountPointCodes },
  }
  const moved = yield* moveAny(job, yield* fs.lstat(job.from))
  yield* syncName(to, job.durability)
  if (moved && job.durability === 'full' && dirname(job.from) !== dirname(to)) yield* syncRemoval(job.from)
  return moved
})

function asOverwrite(value: unknown): boolean | 'with-gap' {
  if (value === undefined || typeof value === 'boolean') return value ?? false
  if (value === 'with-gap') return value
  throw refusal('ERR_INVALID_ARG_VALUE', 'options.overwrite', "true, false or 'with-gap'", value)
}

function* moveAny(job: Moving, was: Stats): Steps<boolean> {
  if (was.isDirectory()) return yield* moveDirectory(job, was)
  try {
    return yield* moveFile(job, was)
  } catch (error) {
    // A directory has the name.
    if (job.overwrite !== 'with-gap' || !hasCode(error, 'EISDIR')) throw error
  }
  return yield* moveDirectory(job, was)
}

/** If the directory is gone as well, there is no name in it that could come back. */
function* syncRemoval(path: string): Steps<void> {
  try {
    yield* syncDir(dirname(path))
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error
  }
}
