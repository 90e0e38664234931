import { dirname } from 'node:path'
import { dual } from './core/dual.js'
import { cannotLink, hasCode, type SystemError, systemError } from './core/errors.js'
import { asFlag, asFunction, asNumber, asPath, oneOf, type Patience } from './core/input.js'
import { emptySum, type FileProgress, fileProgress, type Progress } from './core/progress.js'
import { publishing } from './core/publication.js'
import { fs, orNothing, type Steps } from './core/steps.js'
import { publishCopy } from './link/copy-instead.js'
import { type Again, achieve, again, done, type Trial } from './parts/achieve.js'
import { leadsTo } from './parts/leads-to.js'
import { asParents, type Parents, withParents } from './parts/parents.js'
import { addFinding } from './parts/public-names.js'
import { giving } from './parts/publish.js'
import { isLinkOf, statLink } from './parts/same-content.js'
import { staged } from './parts/stage.js'

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

/** What is to be linked. A function is called again for each try, because the file may have moved. */
export type Existing = string | URL | (() => string | URL | PromiseLike<string | URL>)

type Linked = 'linked' | 'already' | 'copied'

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
 * @param existing The file: a path, a `file:` URL, or a function that returns one (or a promise for one), and is called
 *   again for each try. A symbolic link is not followed (on macOS the system follows it). A directory is an error.
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

interface Linking {
  readonly existing: Existing
  /** What `existing` is; of a function, what it returned last. */
  from: string
  readonly to: string
  readonly tries: number
  readonly backoff: number
  readonly replace: boolean
  readonly copies: boolean
  readonly parents: Parents | undefined
  readonly trial: Trial
  readonly progress: FileProgress | undefined
  /** How many times the source was missing. */
  missed: number
  /** When the copy was to be published, something had the name. */
  taken: boolean
}

function* tryLink(job: Linking): Steps<Linked> {
  if (typeof job.existing === 'function') job.from = asPath(yield* fs.settle(job.existing()), 'existing')
  job.taken = false
  const { from, to, parents, replace, trial } = job
  try {
    yield* withParents(to, parents, () => giving(trial.publication, to, fs.link(from, to)), from)
    return 'linked'
  } catch (error) {
    return yield* replace && hasCode(error, 'EEXIST') ? replaceWithLink(job) : copyInstead(job, error)
  }
}

/** Something has the name: makes a link at a private name, and renames that onto it. */
function* replaceWithLink(job: Linking): Steps<Linked> {
  if ((yield* statLink(job.from, job.to, false)) === 'one') return 'already'
  yield* refuseOwnTarget(job)
  try {
    return yield* staged(
      job.to,
      path => linkPrivately(job, path),
      // If another call has linked the same inode meanwhile, the rename does nothing, and the private name is removed
      // later.
      ({ path }) => done(giving(job.trial.publication, job.to, fs.rename(path, job.to)), 'linked'),
    )
  } catch (error) {
    return yield* copyInstead(job, error)
  }
}

/** A symbolic link in the place of what it leads to would destroy that. */
function* refuseOwnTarget({ from, to }: Linking): Steps<void> {
  if (!(yield* fs.lstat(from, orNothing))?.isSymbolicLink()) return
  const there = yield* fs.lstat(to, orNothing)
  if (there && (yield* leadsTo(from, to, there)))
    throw systemError('EINVAL', 'link', 'the link leads to what it would replace', from, to)
}

/** After a link that failed: makes a copy, if the caller allows that, and if nothing can be linked here. */
function* copyInstead(job: Linking, error: unknown): Steps<Linked> {
  const { from, to, parents } = job
  if (!job.copies || !cannotLink(error) || (yield* fs.lstat(from)).isDirectory()) throw error
  if ((yield* statLink(from, to, true)) === 'alike') return 'already'
  if ((yield* withParents(to, parents, () => publishCopy(job), from)) === 'copied') return 'copied'
  job.taken = true
  throw error
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

function* linkPrivately({ from, trial }: Linking, path: string): Steps<true> {
  return yield* achieve(
    () => done(fs.link(from, path), true),
    () => isLinkOf(from, path),
    trial,
  )
}
