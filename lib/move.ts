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
import { fs, type Outcome, orNothing, type Steps, together, unwrap } from './core/steps.js'
import { moveDirectory } from './move/directory.js'
import { moveFile } from './move/file.js'
import type { Moving } from './move/job.js'
import { refuseDestruction } from './move/refusals.js'
import { asDeleteJob } from './parts/delete-tree.js'
import { syncDir, syncName } from './parts/durable.js'

export interface MoveOptions extends Patience {
  /**
   * `true`: replaces what is at the target, without a gap: a file or a link by a file or a link, an empty directory by
   * a directory. `with-gap`: also replaces a directory with something in it, and a thing of another kind. That is set
   * aside first, and put back if the move fails; where it cannot be renamed (lower layers of overlayfs, a full disk),
   * it is deleted first. For a moment nothing has the name. A process that is killed then leaves it so: what had the
   * name is beside it, with `.set-aside-` and 16 digits after its name, and `sweep` leaves that alone. If it cannot get
   * its name back, because another process has taken that, the error says where it is.
   * @default false
   */
  readonly overwrite?: boolean | 'with-gap' | undefined
  /**
   * `file`: a file's data is on disk before its name changes. `full`: so are the new name, and the removal of the old
   * one, before the call ends.
   * @default 'file'
   */
  readonly durability?: Durability | undefined
  /** Makes missing directories above the target; `durability` does not cover their names. @default false */
  readonly parents?: boolean | undefined
  /**
   * How many things are copied or deleted at a time, when a directory goes to another device or is replaced.
   * @default 64
   */
  readonly concurrency?: number | undefined
  /**
   * Called for each thing that is copied, when a directory goes to another device. An error that it throws ends the
   * call.
   */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/**
 * Moves a file, a link, or a directory with everything in it.
 *
 * Holds afterwards: at an instant during the call `target` was, as a whole, what `source` had been: the very inode.
 * `source` is gone. On another device `target` is a copy instead, with the bytes, modes and times, and with the owners
 * as far as the caller may set them. Without `overwrite` nothing was replaced: of several callers with one target, one
 * wins. With `overwrite: true` the target was never missing while it was replaced. Of several callers that move one
 * source to different targets, one gets it, and the others get ENOENT. A copy on another device is staged under a
 * private name and published in one step, and only then is the source removed: a call that fails or is stopped, and a
 * process that is killed, leaves the source whole, or the target, or both. What another process puts at the source's
 * name meanwhile stays there, or the error says where it is.
 *
 * Not promised: that changes which other processes make in the source, while it is copied to another device, are moved
 * too; nor that only one of several callers gets a copy there. Such a copy keeps no extended attributes, ACLs or hard
 * links, and of a link only the text. Without `overwrite`, a directory's name is claimed by an empty directory
 * (mode 1700): a process that is killed in that very moment leaves that behind, and the next move to the name takes it
 * over, as soon as the death is certain here (elsewhere, after a `sweep`). An empty directory that another process puts
 * in the place of the claim is replaced.
 *
 * @param source What to move: a path, or a `file:` URL. A slash at its end does not lead through a link.
 * @param target Its new name, not the directory to put it in.
 * @returns True if this call moved it. False if something has the target's name, and `overwrite` is not set: then
 *   `source` is left alone.
 * @throws EINVAL, before anything is done: a directory into itself; a source that is its own target (but another spelling
 *   of its name, where case does not count, is a new spelling); with `overwrite`, a link in the place of what it leads
 *   to, and a file in the place of a device, a pipe or a socket (`with-gap` replaces those). EINVAL, too: devices,
 *   pipes and sockets that would go to another device; the error names all, and nothing is published. ENOENT: no source, or the target's directory is
 *   missing, and `parents` is not set. ENOTEMPTY (on some filesystems EEXIST), EISDIR, ENOTDIR: the target cannot be
 *   replaced without a gap, or the source is in it. EBUSY: a mount point. EEXIST: on another device,
 *   where case does not count, two names of the source are one. EACCES: also of a file that may not be read,
 *   and so cannot be synced. EAGAIN: for all of `retryFor`, as far as can be known here, another call was moving it to
 *   the same name. `ERR_NO_HARD_LINKS`: no file can be moved there without overwriting. Other errors of the system,
 *   unchanged.
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
    replaced: [],
  }
  // Together, because neither needs the other.
  const looks = yield* together<Stats | undefined>([fs.lstat(job.from), fs.lstat(to, orNothing)])
  const [was, there] = looks as [Outcome<Stats>, Outcome<Stats | undefined>]
  yield* refuseDestruction(job, unwrap(was), unwrap(there))
  const moved = yield* moveAny(job, unwrap(was))
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
    // EISDIR: a directory has the name.
    if (job.overwrite !== 'with-gap' || !hasCode(error, 'EISDIR')) throw error
  }
  return yield* moveDirectory(job, was)
}

/** Syncs the directory that `path` was in. If that is gone as well, no name in it can come back. */
function* syncRemoval(path: string): Steps<void> {
  try {
    yield* syncDir(dirname(path))
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error
  }
}
