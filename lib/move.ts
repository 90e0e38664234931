import { dual } from './core/dual.js'
import { hasCode, isFinal, mountPointCodes } from './core/errors.js'
import { asDurability, asName, asPath, type Durability, type Patience, refusal, refusingRoot } from './core/input.js'
import { platform } from './core/platform.js'
import { type Progress, reportDone } from './core/progress.js'
import { publishing } from './core/publication.js'
import type { Stats } from './core/stats.js'
import { fs, type Outcome, orNothing, type Steps, together, unwrap } from './core/steps.js'
import { moveDirectory } from './move/directory.js'
import { moveFile } from './move/file.js'
import type { Moving } from './move/job.js'
import { refuseDestruction } from './move/refusals.js'
import { asDeleteJob } from './parts/delete-job.js'
import { syncLoss, syncName } from './parts/durable.js'
import { asParents } from './parts/parents.js'

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
   * `file`: a file's data is on disk before its name changes, and the new name is before the old one, or what it
   * replaces with a gap, goes. `full`: the new name and the removal of the old one are on disk before the call ends.
   * Nothing inside a directory that only gets another name is synced.
   * @default 'file'
   */
  readonly durability?: Durability | undefined
  /** Makes missing directories above the target; with `durability: 'full'` their names are on the disk, too. @default false */
  readonly parents?: boolean | undefined
  /**
   * How many things are copied or deleted at a time, when a directory goes to another device or is replaced.
   * @default 64
   */
  readonly concurrency?: number | undefined
  /**
   * Called once when the thing is moved. If it goes to another device, called for each thing in it that is copied, and
   * for each MiB of a larger file. An error that it throws ends the call.
   */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/**
 * Moves a file, a link, or a directory with everything in it.
 *
 * Holds afterwards: at an instant during the call `target` was, as a whole, what `source` had been: the very inode.
 * `source` is gone. On another device `target` is a copy instead, with the bytes, modes and times (to the microsecond),
 * and with the owners as far as the caller may set them. Without `overwrite` nothing was replaced: of several callers
 * with one target, one wins. With `overwrite: true` the target was never missing while it was replaced. Of several
 * callers that move one source, one gets it, and the others get ENOENT. A copy on another device is staged under a
 * private name and published in one step, and only then is the source removed: a call that fails or is stopped, and a
 * process that is killed, leaves the source whole, or the target, or both. On Linux, a link that another process puts
 * in the place of a directory or a file meanwhile, in the source or in the copy, leads nowhere. What another process
 * puts at the source's name meanwhile stays there, or the error says where it is.
 *
 * Not promised: that changes which other processes make in the source, while it is copied to another device, are moved
 * too; nor that only one of several callers gets a copy there. Such a copy keeps no extended attributes, no ACLs, and of
 * a link only the text. The group's bits of a file with an ACL are the most that the ACL grants to anyone but the owner
 * and others: the copy grants them to its group, and nothing to those whom the ACL names. Hard links between files in the
 * source are kept, where the target has them; those to files outside are not. Without `overwrite`, a directory's name is
 * claimed by an empty directory (mode 1700): a process that is killed in that very moment leaves that behind, and the
 * next move to the name removes it, as soon as the death is certain here (elsewhere, after a `sweep`). An empty directory
 * that another process puts in the place of the claim is replaced. A file that cannot be linked although others can
 * (another user's, where `fs.protected_hardlinks` is set) is moved in the same way, with an empty file for the claim:
 * there, what another process renames to that name in the moment between a look and the rename is replaced. On Windows no
 * directory is replaced but with a gap (EPERM), nothing is claimed for a directory, and it replaces a file that another
 * process puts at the name in the moment between a look and the rename. With `overwrite`, on a filesystem that is not
 * local, that only one of several callers which move one source to one target gets true: if the reply to a rename is lost,
 * nothing shows who has made it.
 *
 * @param source What to move: a path, or a `file:` URL. A slash at its end does not lead through a link.
 * @param target Its new name, not the directory to put it in.
 * @returns True if this call moved it. False if something has the target's name, and `overwrite` is not set: then
 *   `source` is left alone.
 * @throws EINVAL, before anything is done: a directory into itself; a source that is its own target (but another
 *   spelling of its name, where case does not count, is a new spelling); with `overwrite`, a link in the place of
 *   what it leads to, and a file in the place of a device, a pipe or a socket (`with-gap` replaces those). EINVAL,
 *   too: devices, pipes and sockets that would go to another device; the error names all of them, and nothing is
 *   published. ENOENT: no source, or the target's directory is missing, and `parents` is not set. ENOTEMPTY (on some
 *   filesystems EEXIST), EISDIR, ENOTDIR: the target cannot be replaced without a gap, or the source is in it.
 *   EBUSY: a mount point, or, on the way to another device, one in the source. EEXIST: on another device, where case
 *   does not count, two names of the source are one; or what another process put at the source's name meanwhile
 *   could not get that back, and the error says where it is. EACCES: also of a file that may not be read, and so
 *   cannot be synced. EAGAIN: for all of `retryFor`, as far as can be known here, another call was moving it to the
 *   same name, or was removing what a killed one had left there; or another process has moved or replaced a directory
 *   that was copied to another device, or its copy. `ERR_NO_HARD_LINKS`: no file at all can be moved
 *   there without overwriting. Other errors of the system, unchanged: EPERM (an immutable file) ...
 *   `published` of each error says whether the target is in place (see `Published`); then the source may be there, too.
 *
 * @example
 * if (!(await move('upload.tmp', 'uploads/report.pdf'))) throw new Error('There is a report already')
 */
export const move = dual(
  publishing(function* move(
    publication,
    source: string | URL,
    target: string | URL,
    options: MoveOptions = {},
  ): Steps<boolean> {
    const to = asPath(target, 'target')
    const job: Moving = {
      to: refusingRoot(to, target, 'target'),
      from: asName(source, 'source'),
      overwrite: asOverwrite(options.overwrite),
      parents: asParents(options.parents),
      durability: asDurability(options.durability),
      deletion: asDeleteJob(options, 1),
      trial: { as: 'move', path: to, retryFor: options.retryFor, never: mountPointCodes, publication },
      replaced: [],
    }
    // Together, because neither needs the other.
    const looks = yield* together<Stats | undefined>([fs.lstat(job.from), fs.lstat(to, orNothing)])
    const [was, there] = looks as [Outcome<Stats>, Outcome<Stats | undefined>]
    yield* refuseDestruction(job, unwrap(was), unwrap(there))
    const moved = yield* moveAny(job, unwrap(was), unwrap(there))
    publication.decide(moved)
    yield* syncName(to, job.durability, job.parents)
    if (moved) yield* syncLoss(job.from, to, job.durability)
    // Of a directory that was copied each thing is reported, and it is the last.
    if (moved && job.deletion.sum.done === 0) yield* reportDone(job.deletion, job.from)
    return moved
  }),
)

function asOverwrite(value: unknown): boolean | 'with-gap' {
  if (value === undefined || typeof value === 'boolean') return value ?? false
  if (value === 'with-gap') return value
  throw refusal('ERR_INVALID_ARG_VALUE', 'options.overwrite', "true, false or 'with-gap'", value)
}

function* moveAny(job: Moving, was: Stats, there: Stats | undefined): Steps<boolean> {
  if (was.isDirectory()) return yield* moveDirectory(job, was)
  // Windows reports the same of a directory in the way as of a file that another process has open.
  if (platform.isWindows && job.overwrite === 'with-gap' && there?.isDirectory()) return yield* moveDirectory(job, was)
  try {
    return yield* moveFile(job, was)
  } catch (error) {
    // EISDIR: a directory has the name.
    if (job.overwrite !== 'with-gap' || !hasCode(error, 'EISDIR') || isFinal(error)) throw error
  }
  return yield* moveDirectory(job, was)
}
