import { type Payload, parsePayload } from './cell/payload.js'
import { readState } from './cell/transition.js'
import { dual } from './core/dual.js'
import { isSystemError } from './core/errors.js'
import { asNumber, asPath } from './core/input.js'
import type { Path, Steps } from './core/steps.js'
import type { Trial } from './parts/achieve.js'
import { concurrently } from './parts/concurrently.js'
import { defaultGraceMs, isDebris, type Liveness } from './parts/debris.js'
import { asDeleteJob, type DeleteJob } from './parts/delete-tree.js'
import {
  assertUnmoved,
  listEntries,
  type OpenDirectory,
  openFollowing,
  pathIn,
  pathTo,
  using,
} from './parts/directory-handle.js'
import { removeAt } from './parts/set-aside.js'
import { ownerOf } from './parts/stage-names.js'
import type { RemoveOptions } from './remove.js'

export interface SweepOptions extends RemoveOptions {
  /**
   * How long (ms) a name must have been unchanged before it is removed, if nothing here shows whether its owner lives.
   * @default 86_400_000, a day
   */
  readonly grace?: number | undefined
}

/**
 * Removes what processes that were killed have left behind in a directory.
 *
 * Holds afterwards: of the private names that `dir` had when it was read, and of the data of cells that no state names
 * any more, two kinds are gone: those whose owner is provably dead (it ran on this boot of this machine, in this pid
 * namespace, and has ended), and those whose owner cannot be judged from here and which have not changed for `grace`. A
 * name whose owner is known to live is never touched, and neither is a name that is not of this package's own form.
 *
 * Not promised: anything about the directories below; that a name is spared if its owner cannot be judged from here
 * (another machine, another container) and works on one file for longer than `grace`.
 *
 * @param dir A path, or a `file:` URL.
 * @returns The names that this call removed. Of several sweepers, only one returns each name.
 * @throws Errors of the system, unchanged: ENOENT, ENOTDIR (no such directory); or the first error of a name that could
 *   not be removed, after all other names were tried.
 *
 * @example
 * const names = await sweep('uploads') // left by processes that were killed
 */
export const sweep = dual(function* sweep(dir: string | URL, options: SweepOptions = {}): Steps<string[]> {
  const path = asPath(dir, 'dir')
  const graceMs = asNumber(options.grace, 'options.grace', defaultGraceMs)
  const deletion = asDeleteJob(options)
  const trial = { as: 'sweep', path, retryFor: options.retryFor }
  const opened = yield* openFollowing(path)
  return yield* using(opened, () => sweepIn(opened, { graceMs, deletion, trial }))
})

type Asked = Pick<Sweeping, 'deletion' | 'trial'> & Pick<Liveness, 'graceMs'>

function* sweepIn(dir: OpenDirectory, { graceMs, deletion, trial }: Asked): Steps<string[]> {
  const entries = yield* listEntries(dir)
  const liveness = { dir: String(pathTo(dir)), graceMs }
  const job: Sweeping = { dir, liveness, deletion, trial, swept: [], failure: undefined }
  const candidates = entries.flatMap(({ name }) => {
    const payload = parsePayload(name)
    const owner = payload?.owner ?? ownerOf(name)
    return owner === undefined ? [] : { name, owner, payload }
  })
  const tasks = candidates.map(candidate => () => sweepOne(job, candidate))
  // One after the other: usually there are none, and a deep one is deleted several things at a time.
  yield* concurrently(tasks, 1)
  if (job.failure) throw job.failure
  return job.swept.sort()
}

/** A call under way. */
interface Sweeping {
  readonly dir: OpenDirectory
  readonly liveness: Liveness
  readonly deletion: DeleteJob
  readonly trial: Trial
  readonly swept: string[]
  /** The first error of a name that could not be removed. */
  failure: Error | undefined
}

interface Candidate {
  readonly name: Path
  readonly owner: string
  /** Set if it is the data of a cell's state. */
  readonly payload: Payload | undefined
}

function* sweepOne(job: Sweeping, { name, owner, payload }: Candidate): Steps<void> {
  const { dir, liveness, deletion, trial, swept } = job
  try {
    if (!(yield* isDebris(name, owner, liveness))) return
    if (payload && (yield* isNamed(liveness.dir, payload))) return
    yield* assertUnmoved(dir)
    if (yield* removeAt(pathIn(dir, { name, kind: 'other' }), deletion, trial)) swept.push(name.toString())
  } catch (error) {
    if (!isSystemError(error)) throw error
    job.failure ??= error
  }
}

/**
 * Does the cell's state name this data? If not, no later state will, because the process that wrote the data is dead.
 */
function* isNamed(dir: string, { cell, nonce }: Payload): Steps<boolean> {
  const path = `${dir}/${cell}`
  try {
    const now = yield* readState(path, { as: 'sweep', path })
    return typeof now === 'object' && now.nonce === nonce
  } catch (error) {
    // It is not a cell any more, so what the data belongs to is unknown, and it stays.
    if ((error as NodeJS.ErrnoException).code === 'ERR_NOT_A_CELL') return true
    throw error
  }
}
