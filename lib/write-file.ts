import { resolve } from 'node:path'
import { dual } from './core/dual.js'
import { mountPointCodes } from './core/errors.js'
import { asDurability, asFunction, asPath, type Durability, oneOf, type Patience, refusal } from './core/input.js'
import { emptySum, fileProgress, type Progress } from './core/progress.js'
import { type Publication, publishing } from './core/publication.js'
import type { Steps } from './core/steps.js'
import { syncName } from './parts/durable.js'
import { asParents } from './parts/parents.js'
import { asPermissions } from './parts/permissions.js'
import { asEncoding, asSource, type Data } from './parts/source.js'
import type { Writing } from './write-file/job.js'
import { write } from './write-file/write.js'

export interface WriteFileOptions extends Patience {
  /** The encoding of strings. @default 'utf8' */
  readonly encoding?: BufferEncoding | undefined
  /**
   * Permission bits, whatever the umask: a number (also the `mode` of a `stat`), or an octal string. `false`: default mode
   * of a new file (0o666 minus the umask).
   * @default the mode of the file that is replaced, or of a new file
   */
  readonly mode?: number | string | false | undefined
  /**
   * The owner. `false`: leave the owner to the system. Ordinary users, containers and some mounts cannot give files
   * away: then the file stays the caller's, without set-ID bits, and that is not an error. If the mode was not named
   * either, another group than the file had may do no more than others may.
   * @default the owner of the file that is replaced
   */
  readonly chown?: { readonly uid: number; readonly gid: number } | false | undefined
  /**
   * `file`: the data is on disk before the name changes. `full`: the new name is, too, before the call ends.
   * @default 'file'
   */
  readonly durability?: Durability | undefined
  /**
   * If the name is a link: `follow` writes the file that it leads to, whether that exists or not; `replace` replaces
   * the link.
   * @default 'follow'
   */
  readonly symlinks?: 'follow' | 'replace' | undefined
  /**
   * `when-needed`: a file that cannot be replaced is written in place, which is not atomic: a mount point (containers
   * mount single files), a file in a directory where the caller may make or replace nothing, and what a link through
   * procfs leads to (`/dev/stdout`). Where no private file can be made, a stream is written as it comes.
   * @default 'never'
   */
  readonly inPlace?: 'never' | 'when-needed' | undefined
  /**
   * If the file has several names: `part` gives only this name the new content; `keep` writes the file in place, for
   * all its names, and needs `inPlace: 'when-needed'`.
   * @default 'part'
   */
  readonly hardLinks?: 'part' | 'keep' | undefined
  /** Makes missing directories above the file; with `durability: 'full'` their names are on the disk, too. @default false */
  readonly parents?: boolean | undefined
  /**
   * Called for each MiB or each piece of a stream that is written, and when the file has its name. An error that it
   * throws ends the call.
   */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/**
 * Writes a file as a whole, in the place of the old one.
 *
 * Holds afterwards: at an instant during the call `file` had exactly this content. Every reader, at any moment, sees
 * all of the old content or all of the new; while a file is replaced, it is never empty and never missing. The mode and
 * the owner of a file that is replaced are kept. If the call fails or is stopped before the new file has its name, or
 * if the stream fails, the old file is there, and nothing is left beside it. A process that is killed leaves at most a
 * private name, for `sweep`.
 *
 * What another user has put into a sticky directory that others may write (one like /tmp) is not trusted: a link is not
 * followed, and a file is replaced as if it were not there, without its mode and its owner.
 *
 * Not promised: which of several processes comes last. Calls of one thread for one path land in the order in which they
 * were made (`.sync` lands at once). Extended attributes, ACLs and birth times are not kept. Of a file with an ACL, the
 * group's bits of the mode are the mask of that ACL, which Node cannot see: in the new file the group itself has them.
 * A process that has the old file open goes on reading the old content. What is written in place (`inPlace`) can be
 * seen half written, and a crash leaves it so; so does a stream that fails where no private file could be made. A mode
 * that was not named is not given where a mount refuses it. Under Node's permission model the mode is given at `open`,
 * the owner is left, and nothing is synced, unless `durability` is named: then that is an error. With `durability:
 * 'file'` a power cut may bring the old content back, but never a part of the new. With `'full'`, a call that fails or
 * is stopped while it syncs the directory has replaced the file.
 *
 * @param file A path, or a `file:` URL. If it is not a file (a directory, a device, a pipe), that is an error, before
 *   anything is written.
 * @param data A string, a view (all of its bytes), or an iterable, an async iterable or a stream of those; or a `Response`
 *   of `fetch`, whose body that is. Views are not copied: do not change them until the call has ended. The sync form takes
 *   no async iterables, no streams and no responses.
 * @returns Nothing.
 * @throws Errors of the system, unchanged: ENOENT (the directory is missing, and `parents` is not set), ENOSPC, EACCES,
 *   EROFS, EISDIR, EBUSY (a mount point, and `inPlace` is not set) ... The error that the stream threw, unchanged.
 *   EINVAL: a link leads through procfs, and `inPlace` is not set. EILSEQ: the text of a link is not UTF-8. EACCES: a link,
 *   or a file that is to be written in place, was put into a sticky directory by another user. `ERR_RESPONSE_NOT_OK`
 *   (`status` and `url`): the response is none of success, and its body is cancelled. `ERR_BODY_USED`: it was read before.
 *   `published` of each error says whether the file has the new content (see `Published`).
 *
 * @example
 * await writeFile('settings.json', JSON.stringify(settings, null, 2))
 * await writeFile('dump.sql', response, { durability: 'full', signal: AbortSignal.timeout(60_000) })
 *
 * Source of the protocol: stage, fsync, rename, fsync of the directory, as in renameio and SQLite.
 */
export const writeFile = dual(
  publishing(function* writeFile(
    publication,
    file: string | URL,
    data: Data,
    options: WriteFileOptions = {},
  ): Steps<void> {
    const job = asWriting(file, data, options, 'writeFile', publication)
    const at = yield* write(job)
    if (at !== undefined) yield* syncName(at, job.durability, job.parents)
  }),
  { turns: file => [resolve(asPath(file, 'file'))] },
)

/** `sum`: that of all files which the call writes. */
export function asWriting(
  file: string | URL,
  data: unknown,
  options: WriteFileOptions,
  as: string,
  publication?: Publication,
  sum = emptySum(1, 0),
): Writing {
  const path = asPath(file, 'file')
  const parents = asParents(options.parents)
  const hardLinks = oneOf(options.hardLinks, 'options.hardLinks', ['part', 'keep'], 'part')
  const inPlace = oneOf(options.inPlace, 'options.inPlace', ['never', 'when-needed'], 'never') === 'when-needed'
  // Only on request, because what is written in place can be seen half written.
  if (hardLinks === 'keep' && !inPlace)
    throw refusal(
      'ERR_INVALID_ARG_VALUE',
      'options.inPlace',
      "'when-needed' if options.hardLinks is 'keep'",
      options.inPlace,
    )
  const onProgress = asFunction(options.onProgress, 'options.onProgress')
  const job: Writing = {
    path,
    parents,
    inPlace,
    permissions: asPermissions(options),
    durability: asDurability(options.durability),
    follows: oneOf(options.symlinks, 'options.symlinks', ['follow', 'replace'], 'follow') === 'follow',
    keepsLinks: hardLinks === 'keep',
    trial: { as, path, retryFor: options.retryFor, never: mountPointCodes, publication },
    progress: fileProgress({ onProgress, sum }, path),
    // Last, because a stream that was taken must be stopped if anything fails.
    source: asSource(data, 'data', asEncoding(options.encoding)),
    hooks: undefined,
  }
  const { whole } = job.source
  sum.totalBytes = whole && sum.totalBytes !== undefined ? sum.totalBytes + whole.length : undefined
  return job
}
