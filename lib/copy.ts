import type { Copying } from './copy/job.js'
import { copyTree, intoItself } from './copy/tree.js'
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
  type Progress,
} from './core/input.js'
import { fs, orNothing, type Steps } from './core/steps.js'
import { containment } from './parts/containment.js'
import { syncName } from './parts/durable.js'
import { sameInode } from './parts/identity.js'

export interface CopyOptions extends Patience {
  /** Takes the place of what is there, unless that is a directory; if not, it stays as it is. @default true */
  readonly overwrite?: boolean | undefined
  /** Without `overwrite`, what is there is an error (EEXIST), and not passed over. @default false */
  readonly errorOnExist?: boolean | undefined
  /** Asked of everything, with both paths; what it answers false to is left out, with all that is in it. */
  readonly filter?: ((source: string, target: string) => boolean | PromiseLike<boolean>) | undefined
  /** Copies what links lead to, and not the links. @default false */
  readonly dereference?: boolean | undefined
  /** Keeps the times of access and change of files and directories, to the microsecond. @default false */
  readonly preserveTimestamps?: boolean | undefined
  /** How many things are copied at a time. @default 64 */
  readonly concurrency?: number | undefined
  /** `file`: data is on the disk before its name appears; `full`: names too. @default 'none', because the source is still there */
  readonly durability?: Durability | undefined
  /** Makes missing directories above the target. @default false */
  readonly parents?: boolean | undefined
  /** Called for each thing that is done, copied or not. An error that it throws ends the work. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/**
 * Copies a file, a link, or a directory with all that is in it.
 *
 * Holds afterwards: each file at `target` had, at an instant during the call, the bytes and the mode of its source, and
 * nobody ever sees a part of it, or sees it missing while it is replaced. Where the filesystem has copy-on-write clones,
 * files are clones. Links are kept verbatim. Several callers may copy to one fresh target: all succeed. A file onto itself
 * stays as it is.
 *
 * Not promised: the directory as a whole at once: it fills up file by file (copy to another name and `move` it for that);
 * one moment of a source that is being changed. What is at the target, and not in the source, stays, and so does the mode
 * of a directory that is there. Owners, extended attributes and ACLs are not kept, and hard links become files of their
 * own. Whoever is killed on the way leaves whole files, and private names for `sweep`.
 *
 * @param source What to copy: a path, or a `file:` URL. Devices, pipes and sockets are errors (`filter` leaves them out).
 * @param target Its new name, not the directory to put it in.
 * @returns Nothing.
 * @throws EINVAL: a directory into itself, before anything is done; a device, a pipe, a socket. ELOOP: with `dereference`,
 *   a link to a directory that it is in. EEXIST: a file has the name of a directory, or a link below the target; or, with
 *   `errorOnExist`, a file or a link has the name of another. EISDIR: a directory has the name of a file or link.
 *   `ERR_NO_HARD_LINKS` where `overwrite: false` cannot be kept. What else the system said, unchanged: ENOENT, ENOSPC ...
 *
 * @example
 * await copy('template', 'my-app', { filter: path => !path.endsWith('.git'), concurrency: 32 })
 */
export const copy = dual(function* copy(
  source: string | URL,
  target: string | URL,
  options: CopyOptions = {},
): Steps<void> {
  const [from, to] = [asPath(source, 'source'), asPath(target, 'target')]
  const job: Copying = {
    overwrite: options.overwrite === undefined || asFlag(options.overwrite, 'options.overwrite'),
    errorOnExist: asFlag(options.errorOnExist, 'options.errorOnExist'),
    filter: asFunction(options.filter, 'options.filter'),
    dereference: asFlag(options.dereference, 'options.dereference'),
    keeps: { times: asFlag(options.preserveTimestamps, 'options.preserveTimestamps'), owner: false },
    concurrency: asConcurrency(options.concurrency),
    durability: options.durability === undefined ? 'none' : asDurability(options.durability),
    parents: asFlag(options.parents, 'options.parents'),
    onProgress: asFunction(options.onProgress, 'options.onProgress'),
    sum: { done: 0, total: 1, bytes: 0 },
    trial: { as: 'copy', path: to, retryFor: options.retryFor, never: mountPointCodes },
  }
  const look = job.dereference ? fs.stat : fs.lstat
  const was = yield* look(from)
  if (was.isDirectory()) {
    if ((yield* containment(to, from)) !== 'outside') throw intoItself(from, to)
  } else if (sameInode(was, yield* look(to, orNothing))) return
  yield* copyTree(from, to, was, job)
  yield* syncName(to, job.durability)
})
