import { dirname } from 'node:path'
import { dual } from './core/dual.js'
import { hasCode, type SystemError } from './core/errors.js'
import { asFlag, asFunction, asNumber, asPath, oneOf, type Patience } from './core/input.js'
import { emptySum, fileProgress, type Progress } from './core/progress.js'
import { publishing } from './core/publication.js'
import { fs, orNothing, type Steps } from './core/steps.js'
import { copyInstead } from './link/copy-instead.js'
import type { Existing, Linked, Linking } from './link/job.js'
import { replaceWithLink } from './link/replace.js'
import { type Again, achieve, again } from './parts/achieve.js'
import { findEnd } from './parts/follow-links.js'
import { asParents, withParents } from './parts/parents.js'
import { addFinding } from './parts/public-names.js'
import { giving } from './parts/publish.js'
import { statLink } from './parts/same-content.js'

export type { Existing } from './link/job.js'

export interface LinkOptions extends Patience {
  /** How many times `existing` must be found missing before the call fails. @default 3 */
  readonly tries?: number | undefined
  /** Milliseconds between those tries. @default 10 */
  readonly backoff?: number | undefined
  /** Replaces what has the name, in one step. @default false */
  readonly replace?: boolean | undefined
  /**
   * `copy`: where nothing can be linked, makes a copy; and a file that has the same bytes already is enough.
   * @default 'none'
   */
  readonly fallback?: 'none' | 'copy' | undefined
  /** Makes missing directories above the new name. @default false */
  readonly parents?: boolean | undefined
  /**
   * Called when this call has given the new name, and before that for each MiB that is copied instead; `path` is the new
   * name. An error that it throws ends the call.
   */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/**
 * Gives a file a second name.
 *
 * Holds afterwards: at an instant during the call both names were one inode. With `fallback: 'copy'` it is enough that
 * `path` had the same bytes: because it had them already, or because nothing could be linked, and a whole copy was
 * published in one step, for this file only.
 *
 * Not promised: that a name stays what it is. Where nothing can be linked: with `replace`, which of several callers'
 * copies stays; without it, that a file is spared which another process creates in the very moment between the look and
 * the rename, because a filesystem without hard links lets no name be claimed.
 *
 * @param existing The file: a path, a `file:` URL, or a function that returns one (or a promise for one), and is
 *   called again for each try. A symbolic link is not followed (but on macOS and the BSDs, where the system follows it,
 *   unless another user has put it into a sticky directory that others may write: EACCES). A directory is an error.
 * @param path The new name.
 * @returns `'linked'`: this call made the link. `'already'`: it was there. `'copied'`: this call made a copy, because
 *   nothing can be linked there.
 * @throws EINVAL: with `replace`, a symbolic link in the place of what it leads to. Errors of the system, unchanged,
 *   except that the message of ENOENT adds which side is missing: the existing name, after how many tries, or the
 *   directory of the new one. EEXIST: something else has the name, and `replace` is not set. EXDEV, EPERM, EMLINK ...: it
 *   cannot be linked.
 *   `published` of each error says whether the new name was made (see `Published`).
 *
 * @example
 * await link(() => store.currentPathOf(digest), 'node_modules/left-pad/index.js', { parents: true, fallback: 'copy' })
 */
export const link = dual(
  publishing(function* link(
    publication,
    existing: Existing,
    path: string | URL,
    options: LinkOptions = {},
  ): Steps<Linked> {
    const to = asPath(path, 'path')
    const onProgress = asFunction(options.onProgress, 'options.onProgress')
    const job: Linking = {
      existing,
      from: typeof existing === 'function' ? '' : asPath(existing, 'existing'),
      to,
      tries: asNumber(options.tries, 'options.tries', 3, 1),
      backoff: asNumber(options.backoff, 'options.backoff', 10),
      replace: asFlag(options.replace, 'options.replace'),
      copies: oneOf(options.fallback, 'options.fallback', ['none', 'copy'], 'none') === 'copy',
      parents: asParents(options.parents),
      trial: { as: 'link', path: to, retryFor: options.retryFor, publication },
      progress: fileProgress({ onProgress, sum: emptySum(1) }, to),
      missed: 0,
      taken: false,
    }
    const linked = yield* achieve(
      () => tryLink(job),
      error => statLinked(job, error),
      job.trial,
    )
    if (linked !== 'already' && job.progress) yield* job.progress.finish(linked === 'linked' ? 0 : undefined)
    return linked
  }),
)

/** Linux and Windows link the link itself. */
const systemFollows = process.platform !== 'linux' && process.platform !== 'win32'

function* tryLink(job: Linking): Steps<Linked> {
  if (typeof job.existing === 'function') job.from = asPath(yield* fs.settle(job.existing()), 'existing')
  job.taken = false
  const { from, to, parents, replace, trial } = job
  if (systemFollows) yield* findEnd(from)
  try {
    yield* withParents(to, parents, () => giving(trial.publication, to, fs.link(from, to)), from)
    return 'linked'
  } catch (error) {
    return yield* replace && hasCode(error, 'EEXIST') ? replaceWithLink(job) : copyInstead(job, error)
  }
}

/** After an attempt that failed: are both names one inode, or has the world moved? */
function* statLinked(job: Linking, error: SystemError): Steps<'already' | Again | undefined> {
  const { from, to, copies, parents, tries, backoff } = job
  const seen = yield* statLink(from, to, copies)
  if (seen === 'one' || seen === 'alike') return 'already'
  // The name was taken, and nothing has it now: what had it is gone.
  if (hasCode(error, 'EEXIST') || job.taken) return seen === 'nothing' ? again : undefined
  if (!hasCode(error, 'ENOENT')) return undefined
  if (yield* fs.lstat(from, orNothing)) {
    // If the directory is there as well, one of them has come since the attempt.
    return parents || (yield* fs.stat(dirname(to), orNothing)) ? again : undefined
  }
  job.missed++
  if (job.missed < tries) {
    yield* fs.sleep(backoff)
    return again
  }
  addFinding(error, `the existing name is missing, '${from}', after ${tries} ${tries === 1 ? 'try' : 'tries'}`)
  return undefined
}
