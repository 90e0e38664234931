import { dual } from './core/dual.js'
import { mountPointCodes, systemError } from './core/errors.js'
import { asDurability, asFlag, asFunction, asPath, type Durability, type Patience } from './core/input.js'
import { emptySum, type Progress, reportDone } from './core/progress.js'
import { publishing } from './core/publication.js'
import { fs, orNothing, type Steps } from './core/steps.js'
import { asEmplacing, emplaceSource } from './emplace/place.js'
import { leadsTo } from './parts/leads-to.js'
import { asParents } from './parts/parents.js'

export interface EmplaceOptions extends Patience {
  /** Only if no file has that name yet. This takes a hard link, so `source` cannot be a directory. @default false */
  readonly ifAbsent?: boolean | undefined
  /**
   * `file`: a file's data is on disk before the name changes, and the new name is before the old one goes. `full`: the
   * new name and the removal of the old one are on disk before the call ends. Nothing inside a directory is synced.
   * @default 'file'
   */
  readonly durability?: Durability | undefined
  /** Makes missing directories above the target; with `durability: 'full'` their names are on the disk, too. @default false */
  readonly parents?: boolean | undefined
  /**
   * Called when the target is in place, and before that for each MiB of a file that goes to another device. An error
   * that it throws ends the call.
   */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/**
 * Renames `source` to `target` in one step, and replaces what is there.
 *
 * Holds afterwards: at an instant during the call `target` was the very inode that `source` had been. `source` is gone.
 * While it was replaced, `target` was never absent and never incomplete. On another device `target` is a copy instead:
 * of a file, its bytes, mode, times (to the microsecond), and owner as far as the caller may set it; of a link, its
 * text.
 *
 * Not promised: which of several callers comes last; anything if other processes change `source` as well. If the
 * filesystem reports that a rename failed which it has done, and another caller replaces `target` before this call
 * looks, that error comes out. A copy on another device keeps no extended attributes, ACLs or hard links.
 *
 * @param source A file, a link (it is not followed), or a directory. A path, or a `file:` URL.
 * @param target Its new name. A directory replaces only an empty directory (on Windows none, which is EPERM), and nothing
 *   else replaces a directory.
 * @returns True if it is in place. False if `ifAbsent` found another's file there: then `source` is left alone.
 * @throws EINVAL, before anything is done: a link in the place of what it leads to. Errors of the system, unchanged:
 *   ENOENT (no source, or the target's directory is missing), EISDIR, ENOTEMPTY, EEXIST (`ifAbsent`, and something that
 *   is not a file has the name), EXDEV (a directory), ENOTDIR ... EEXIST, too: what another process put at the source's
 *   name meanwhile could not get that back; the error says where it is.
 *   EPERM, EMLINK: with `ifAbsent`, also of a `source` that cannot be linked although other files can (another user's, an
 *   immutable one, one with too many names). `ERR_NO_HARD_LINKS`: `ifAbsent` cannot be kept, because the filesystem
 *   grants no hard links, or because `source` is a directory.
 *   `published` of each error says whether the target is in place (see `Published`).
 *
 * @example
 * await writeFile('manifest.new', json)
 * await emplace('manifest.new', 'manifest.json')
 *
 * Source of the protocol: rename(2), and POSIX.1-2024 for two names of one inode: there it does nothing, and reports
 * success.
 */
export const emplace = dual(
  publishing(function* emplace(
    publication,
    source: string | URL,
    target: string | URL,
    options: EmplaceOptions = {},
  ): Steps<boolean> {
    const [from, to] = [asPath(source, 'source'), asPath(target, 'target')]
    const ifAbsent = asFlag(options.ifAbsent, 'options.ifAbsent')
    const durability = asDurability(options.durability)
    const parents = asParents(options.parents)
    const onProgress = asFunction(options.onProgress, 'options.onProgress')

    const trial = { as: 'emplace', path: to, retryFor: options.retryFor, never: mountPointCodes, publication }
    const was = yield* fs.lstat(from)
    if (was.isSymbolicLink() && !ifAbsent) yield* refuseOwnTarget(from, to)
    const progress = { onProgress, sum: emptySum(1) }
    const job = asEmplacing({ from, to, was, ifAbsent, parents, durability, trial, progress })
    const emplaced = yield* emplaceSource(job)
    if (emplaced) yield* reportDone(progress, from)
    return emplaced
  }),
)

/** Refuses a link in the place of what it leads to. */
function* refuseOwnTarget(from: string, to: string): Steps<void> {
  const there = yield* fs.lstat(to, orNothing)
  if (there && (yield* leadsTo(from, to, there)))
    throw systemError('EINVAL', 'rename', 'the link leads to what it would replace', from, to)
}
