import { dual } from './core/dual.js'
import { isSystemError } from './core/errors.js'
import { asFlag, asNumber, asPath } from './core/input.js'
import type { Steps } from './core/steps.js'
import type { Trial } from './parts/achieve.js'
import { concurrently } from './parts/concurrently.js'
import { defaultGraceMs, isDebris } from './parts/debris.js'
import { asDeleteJob, type DeleteJob } from './parts/delete-tree.js'
import { removeAt } from './parts/set-aside.js'
import type { RemoveOptions } from './remove.js'
import { type Candidate, findCandidates, isNamed } from './sweep/candidates.js'

export interface SweepOptions extends RemoveOptions {
  /**
   * How long (ms) a name must have been unchanged before it is removed, if nothing here shows whether its owner lives.
   * @default 86_400_000, a day
   */
  readonly grace?: number | undefined
  /** Sweeps the directories below, too. Links are not followed; what is mounted below is swept. @default false */
  readonly recursive?: boolean | undefined
  /**
   * Changes nothing, and returns the names that would be removed. Owners that cannot be judged from here are then judged
   * by this machine's clock, because only a write shows the filesystem's.
   * @default false
   */
  readonly dryRun?: boolean | undefined
}

/**
 * Removes what processes that were killed have left behind in a directory.
 *
 * Holds afterwards: of the private names that `dir` had when it was read, and of the data of cells that no state names
 * any more, two kinds are gone: those whose owner is provably dead (it ran on this boot of this machine, in this pid
 * namespace, and has ended), and those whose owner cannot be judged from here and which have not changed for `grace`. A
 * name whose owner is known to live is never touched, and neither is a name without the mark of this package
 * (`.holdfast` at its end). With `recursive`, the same of every directory below, but for those that have a private name
 * themselves.
 *
 * Not promised: without `recursive`, anything about the directories below; that a name is spared if its owner cannot be
 * judged from here (another machine, another container) and works on one file for longer than `grace`; with `recursive`,
 * anything about directories that other processes make or move meanwhile.
 *
 * @param dir A path, or a `file:` URL.
 * @returns The names that this call removed, with `recursive` as paths below `dir`. Of several sweepers, only one returns
 *   each name.
 * @throws Errors of the system, unchanged: ENOENT, ENOTDIR (no such directory); or the first error of a name that could
 *   not be removed, or of a directory below that could not be read, after all other names were tried.
 *
 * @example
 * const names = await sweep('uploads') // left by processes that were killed
 * const left = await sweep('.', { recursive: true, dryRun: true })
 */
export const sweep = dual(function* sweep(dir: string | URL, options: SweepOptions = {}): Steps<string[]> {
  const path = asPath(dir, 'dir')
  const job: Sweeping = {
    graceMs: asNumber(options.grace, 'options.grace', defaultGraceMs),
    recursive: asFlag(options.recursive, 'options.recursive'),
    dryRun: asFlag(options.dryRun, 'options.dryRun'),
    deletion: asDeleteJob(options),
    trial: { as: 'sweep', path, retryFor: options.retryFor },
    swept: [],
    failure: undefined,
  }
  // All are judged before any is removed: that changes the ctime of the inode's other names, which would look young then.
  const debris: Candidate[] = []
  for (const candidate of yield* findCandidates(path, job))
    if (yield* isToBeSwept(job, candidate)) debris.push(candidate)
  job.deletion.sum.total = debris.length
  const tasks = debris.map(candidate => () => sweepOne(job, candidate))
  // One after the other: usually there are none, and a deep one is deleted several things at a time.
  yield* concurrently(tasks, 1)
  if (job.failure) throw job.failure
  return job.swept.sort()
})

/** A call under way. */
interface Sweeping {
  readonly graceMs: number
  readonly recursive: boolean
  readonly dryRun: boolean
  readonly deletion: DeleteJob
  readonly trial: Trial
  readonly swept: string[]
  /** The first error of a name that could not be removed, or of a directory that could not be read. */
  failure: Error | undefined
}

function* isToBeSwept(job: Sweeping, { name, owner, liveness }: Candidate): Steps<boolean> {
  try {
    return yield* isDebris(name, owner, liveness)
  } catch (error) {
    return noteFailure(job, error)
  }
}

/** The other names are tried all the same. */
function noteFailure(job: Sweeping, error: unknown): false {
  if (!isSystemError(error)) throw error
  job.failure ??= error
  return false
}

function* sweepOne(job: Sweeping, candidate: Candidate): Steps<void> {
  const { deletion, trial, swept, dryRun } = job
  try {
    const removed = !(yield* isNamed(candidate)) && (dryRun || (yield* removeAt(candidate.path, deletion, trial)))
    if (removed) swept.push(candidate.shown)
    // It stays, or another process has removed it.
    else deletion.sum.total--
  } catch (error) {
    noteFailure(job, error)
  }
}
