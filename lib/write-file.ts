import { resolve } from 'node:path'
import { dual } from './core/dual.js'
import { mountPointCodes } from './core/errors.js'
import { asDurability, asFlag, asPath, type Durability, oneOf, type Patience, refusal } from './core/input.js'
import type { Steps } from './core/steps.js'
import { syncName } from './parts/durable.js'
import { asPermissions } from './parts/permissions.js'
import { asEncoding, asSource, type Data } from './parts/source.js'
import type { Writing } from './write-file/job.js'
import { write } from './write-file/write.js'

export interface WriteFileOptions extends Patience {
  /** Of strings. @default 'utf8' */
  readonly encoding?: BufferEncoding | undefined
  /** Permission bits, exactly these whatever the umask: a number or an octal string. False: as a new file, less the umask. @default those of the file that is replaced */
  readonly mode?: number | string | false | undefined
  /** The owner; false: whoever it comes to. Ordinary users cannot give files away: then it stays theirs, and that is no error. @default that of the file that is replaced */
  readonly chown?: { readonly uid: number; readonly gid: number } | false | undefined
  /** `file`: the data is on the disk before the name changes; `full`: the name too. @default 'file' */
  readonly durability?: Durability | undefined
  /** If the name is a link: what it leads to is written, there or not; or the link is replaced. @default 'follow' */
  readonly symlinks?: 'follow' | 'replace' | undefined
  /** What cannot be replaced (a file that is mounted, as containers do) is written in place, which is not atomic. @default 'never' */
  readonly inPlace?: 'never' | 'when-needed' | undefined
  /** A file with several names: `part` replaces this name's only; `keep` writes in place, for all its names, if `inPlace` allows it. @default 'part' */
  readonly hardLinks?: 'part' | 'keep' | undefined
  /** Makes missing directories above the file. @default false */
  readonly parents?: boolean | undefined
}

/**
 * Writes a file, whole.
 *
 * Holds afterwards: at an instant during the call `file` had exactly this content, and every reader, at any moment, sees
 * all of the old or all of the new, and never nothing. Mode and owner stay as they were. If it fails, or its stream does,
 * or it is stopped, the old file is there, and nothing beside it; whoever is killed on the way leaves at most a private
 * name, for `sweep`.
 *
 * Not promised: which of several processes comes last. Calls of one thread for one path land in the order of the calls
 * (`.sync` lands at once). Extended attributes, ACLs and birth times are not kept; whoever holds the old file open goes
 * on reading the old. What is written `inPlace` can be seen half done, and a crash leaves it so. With `durability: 'file'`
 * a power cut may bring the old content back, never a part.
 *
 * @param file A path, or a `file:` URL. What is no file (a directory, a device, a pipe) is an error, before anything is done.
 * @param data A string, a view (all its bytes), or an iterable, async iterable or stream of those. Views are not copied:
 *   do not change them until the call has ended. The sync form takes no async ones.
 * @returns Nothing.
 * @throws What the system said, unchanged: ENOENT (no directory above, and no `parents`), ENOSPC, EACCES, EROFS, EISDIR,
 *   EBUSY (a mount point, and no `inPlace`) ... What the stream threw, that very object.
 *
 * @example
 * await writeFile('settings.json', JSON.stringify(settings, null, 2))
 * await writeFile('dump.sql', response.body, { durability: 'full', signal: AbortSignal.timeout(60_000) })
 *
 * Source of the protocol: stage, fsync, rename, fsync of the directory, as in renameio and SQLite.
 */
export const writeFile = dual(
  function* writeFile(file: string | URL, data: Data, options: WriteFileOptions = {}): Steps<void> {
    const job = asWriting(file, data, options, 'writeFile')
    const at = yield* write(job)
    yield* syncName(at, job.durability)
  },
  file => [resolve(asPath(file, 'file'))],
)

export function asWriting(file: string | URL, data: unknown, options: WriteFileOptions, as: string): Writing {
  const path = asPath(file, 'file')
  const parents = asFlag(options.parents, 'options.parents')
  const hardLinks = oneOf(options.hardLinks, 'options.hardLinks', ['part', 'keep'], 'part')
  const inPlace = oneOf(options.inPlace, 'options.inPlace', ['never', 'when-needed'], 'never') === 'when-needed'
  // Never without the word for it: what is written in place can be seen half done.
  if (hardLinks === 'keep' && !inPlace)
    throw refusal(
      'ERR_INVALID_ARG_VALUE',
      'options.inPlace',
      "'when-needed' if hard links shall be kept",
      options.inPlace,
    )
  return {
    path,
    parents,
    inPlace,
    permissions: asPermissions(options),
    durability: asDurability(options.durability),
    follows: oneOf(options.symlinks, 'options.symlinks', ['follow', 'replace'], 'follow') === 'follow',
    keepsLinks: hardLinks === 'keep',
    trial: { as, path, retryFor: options.retryFor, never: mountPointCodes },
    source: asSource(data, 'data', asEncoding(options.encoding)),
  }
}
