import { dual } from './core/dual.js'
import { asFlag, asFunction, asNumber, asPath, oneOf, type Patience } from './core/input.js'
import { emptySum, fileProgress, type Progress } from './core/progress.js'
import { publishing } from './core/publication.js'
import { fs, type Steps } from './core/steps.js'
import type { Existing, Linked, Linking } from './link/job.js'
import { makeLink } from './link/make-link.js'
import { asParents } from './parts/parents.js'

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
      resolve: typeof existing === 'function' ? () => ask(existing) : undefined,
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
    const linked = yield* makeLink(job)
    if (linked !== 'already' && job.progress) yield* job.progress.finish(linked === 'linked' ? 0 : undefined)
    return linked
  }),
)

function* ask(existing: () => string | URL | PromiseLike<string | URL>): Steps<string> {
  return asPath(yield* fs.settle(existing()), 'existing')
}
