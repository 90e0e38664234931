import type { Copying, Face, Filter } from './copy/job.js'
import { intoItself, onSpecial, refuseReplacing } from './copy/refusals.js'
import { copyTree } from './copy/tree.js'
import { dual } from './core/dual.js'
import { mountPointCodes } from './core/errors.js'
import {
  asConcurrency,
  asDurability,
  asFlag,
  asFunction,
  asPath,
  type Durability,
  type Patience,
} from './core/input.js'
import { emptySum, type Progress } from './core/progress.js'
import { type Publication, publishing } from './core/publication.js'
import type { Stats } from './core/stats.js'
import { fs, orNothing, type Steps } from './core/steps.js'
import { containment } from './parts/containment.js'
import { kindOf } from './parts/duplicate.js'
import { syncName } from './parts/durable.js'
import { findEnd } from './parts/follow-links.js'
import { isSpecial, sameInode } from './parts/identity.js'
import { asParents } from './parts/parents.js'

export interface CopyOptions extends Patience {
  /**
   * Replaces a file or a link that is at the target; `false`: leaves it as it is. A directory is never replaced.
   * @default true
   */
  readonly overwrite?: boolean | undefined
  /** Without `overwrite`: what is at the target is an error (EEXIST) instead of being left out. @default false */
  readonly errorOnExist?: boolean | undefined
  /**
   * Called for each thing, with both paths and what it is (`other`: a device, a pipe or a socket; a link is a `link`,
   * also with `dereference`). If it returns false, the thing is left out, with everything in it.
   */
  readonly filter?: Filter | undefined
  /** Copies what links lead to, instead of the links. @default false */
  readonly dereference?: boolean | undefined
  /** Keeps the access and modification times of files and directories, to the microsecond. @default false */
  readonly preserveTimestamps?: boolean | undefined
  /** How many things are copied at a time. @default 64 */
  readonly concurrency?: number | undefined
  /**
   * `file`: the data of each file is on disk before its name appears. `full`: all names are, too, before the call ends.
   * @default 'none', because the source still exists
   */
  readonly durability?: Durability | undefined
  /** Makes missing directories above the target; with `durability: 'full'` their names are on the disk, too. @default false */
  readonly parents?: boolean | undefined
  /**
   * Called for each thing that is done with, copied or left out, and for each MiB of a larger file. An error that it
   * throws ends the call.
   */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/**
 * Copies a file, a link, or a directory with everything in it.
 *
 * Holds afterwards: each file that was copied had, at an instant during the call, the bytes and the mode of its source.
 * No process ever sees a part of it, or finds it missing while it is replaced. Where the filesystem has copy-on-write
 * clones, files of 64 KiB and more are clones; elsewhere, holes stay holes. Several names of one file in the source are
 * names of one copy, where the target has hard links. Links are kept verbatim. A directory keeps the set-group-ID bit that
 * it inherits. If several callers copy to one new target, all of them succeed. A file that is copied onto itself stays as
 * it is. On Linux, a link that another process puts in the place of a directory or a file meanwhile, in the source or in
 * the target, leads nowhere: nothing else is read, written or changed. However deep the tree is, the call has at most four
 * directories open on its way down, and two for each of up to 16 directories beside each other, if so many descriptors are
 * free; besides two files for each that it copies.
 *
 * Not promised: that a directory appears as a whole: it fills up file by file (for that, copy to another name, and
 * `move` it); that a source which changes meanwhile is copied as it was at one moment (one that only grows is copied as
 * far as it was seen to reach); that `source` and `target` themselves lead to one place for the whole call: what is
 * above them is looked up by path. What is at the target, and not in the source, stays, and so does the mode of a
 * directory that was there. What living processes make ready in the source under private names is left out. Owners, the
 * nanoseconds of times (Node sets a time that is in the same microsecond, but after 2038 it may be in the next one),
 * the set-ID bits of files whose copy has another owner or group, extended attributes, ACLs, and hard links between
 * symbolic links are not kept. The group's bits of a file with an ACL are the most that the ACL grants to anyone but
 * the owner and others: the copy grants them to its group, which may be more than the group had, and nothing to those
 * whom the ACL names. A process that is killed leaves whole files, and private names for `sweep`.
 *
 * @param source What to copy: a path, or a `file:` URL. Special files (devices, pipes, sockets) are errors, unless
 *   `filter` leaves them out.
 * @param target Its new name, not the directory to put it in.
 * @returns Nothing.
 * @throws EINVAL: a directory into itself, before anything is done; a link in the place of what it leads to; special
 *   files in the source (after the first, nothing more is copied, and the error names all of them); with `overwrite`, a
 *   special file at the target, which is never replaced. ELOOP: with `dereference`, a link to a directory that it is in;
 *   without it, a link that comes in the place of a file meanwhile. EEXIST: two names of the source are one at the
 *   target, where case does not count (the error names both, and neither replaces the other); a file has the name of a
 *   directory, or a link does (at `target` itself a link to a directory is followed); or, with `errorOnExist`, a file or
 *   a link has the name of a file or link. EISDIR: a directory has the name of a file or link. EAGAIN: another process has
 *   moved or replaced a directory meanwhile. EACCES: another user has put the link that would be followed, at `target` or,
 *   with `dereference`, in the source, into a sticky directory that others may write. `ERR_NO_HARD_LINKS`: `overwrite:
 *   false` cannot be kept. Other errors of the system, unchanged: ENOENT, ENOSPC ...
 *   `published` of each error says whether a name at the target was made, or replaced (see `Published`).
 *
 * @example
 * await copy('template', 'my-app', { filter: path => !path.endsWith('.git'), concurrency: 32 })
 */
export const copy = dual(
  publishing(function copy(
    publication,
    source: string | URL,
    target: string | URL,
    options: CopyOptions = {},
  ): Steps<void> {
    return copyFor(publication, source, target, options)
  }),
)

/** The work of `copy`, for itself and for faces. */
export function* copyFor(
  publication: Publication,
  source: string | URL,
  target: string | URL,
  options: CopyOptions,
  face?: Face,
): Steps<void> {
  const [from, to] = [asPath(source, 'source'), asPath(target, 'target')]
  const dereference = asFlag(options.dereference, 'options.dereference')
  const durability = options.durability === undefined ? 'none' : asDurability(options.durability)
  const job: Copying = {
    overwrite: options.overwrite === undefined || asFlag(options.overwrite, 'options.overwrite'),
    errorOnExist: asFlag(options.errorOnExist, 'options.errorOnExist'),
    filter: asFunction(options.filter, 'options.filter'),
    dereference,
    keeps: {
      times: asFlag(options.preserveTimestamps, 'options.preserveTimestamps'),
      owner: false,
      synced: durability !== 'none',
    },
    concurrency: asConcurrency(options.concurrency),
    durability,
    parents: asParents(options.parents),
    onProgress: asFunction(options.onProgress, 'options.onProgress'),
    sum: emptySum(1),
    trial: { as: 'copy', path: to, retryFor: options.retryFor, never: mountPointCodes, publication },
    refuseLink: face?.refuseLink,
  }
  const { at, was, isLink } = yield* statSource(from, dereference, face)
  if (was.isDirectory()) {
    if ((yield* containment(to, from)) !== 'outside') throw intoItself(from, to)
  } else if (yield* isOntoItself(from, to, was, job, face)) return
  yield* copyTree({ from, at, to, follows: isLink }, was, job)
  yield* syncName(to, job.durability, job.parents)
}

interface Source {
  /** Where its path leads. */
  readonly at: string
  readonly was: Stats
  /** That is a link that only the system can follow. */
  readonly isLink: boolean
}

function* statSource(from: string, dereference: boolean, face: Face | undefined): Steps<Source> {
  if (!dereference) return { at: from, was: face?.seen?.was ?? (yield* fs.lstat(from)), isLink: false }
  const { at, there } = yield* findEnd(from)
  const isLink = there?.isSymbolicLink() ?? false
  return { at, was: !there || isLink ? yield* fs.stat(from) : there, isLink }
}

/** Is a file or a link its own target? Refuses a target that must not be replaced. */
function* isOntoItself(from: string, to: string, was: Stats, job: Copying, face: Face | undefined): Steps<boolean> {
  const there = face?.seen ? face.seen.there : yield* fs.lstat(to, orNothing)
  if (!there) return false
  const ledTo = there.isSymbolicLink() ? yield* fs.stat(to, orNothing) : undefined
  if (sameInode(was, there) || (job.dereference && sameInode(was, ledTo))) return true
  if (ledTo && isSpecial(ledTo) && job.overwrite) throw onSpecial(from, to)
  yield* refuseReplacing(from, to, kindOf(was), there, job)
  return false
}
