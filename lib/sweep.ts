import { type Payload, parsePayload } from './cell/payload.js'
import { readState } from './cell/transition.js'
import { dual } from './core/dual.js'
import { isSystemError } from './core/errors.js'
import { asNumber, asPath } from './core/input.js'
import { fs, type Path, type Steps } from './core/steps.js'
import { concurrently } from './parts/concurrently.js'
import { defaultGraceMs, isDebris, type Liveness } from './parts/debris.js'
import { asDeleteJob } from './parts/delete-tree.js'
import { removeAt } from './parts/set-aside.js'
import { ownerOf } from './parts/stage-names.js'
import { childPath } from './parts/tree.js'
import type { RemoveOptions } from './remove.js'

export interface SweepOptions extends RemoveOptions {
  /** Milliseconds for which a name must not have changed if nobody here can tell whether its owner lives. @default 86_400_000, a day */
  readonly grace?: number | undefined
}

/**
 * Removes what processes that were killed have left in a directory.
 *
 * Holds afterwards: of the private names in `dir` when it was read (and of the data of cells that no state names any more),
 * none is left whose owner is provably dead (it ran on
 * this machine, since it was started, in this pid namespace, and is gone), and none of an owner that cannot be judged from
 * here and that has not changed for `grace`. Never is a name touched that a live process of this machine has made, nor
 * any that is not of this package's own form.
 *
 * Not promised: anything about directories below; that an unknowable owner (another machine, another container) which
 * works on one file for longer than `grace` is spared.
 *
 * @param dir A path, or a `file:` URL.
 * @returns The names that this call removed. Of several sweepers, each name is answered to one.
 * @throws What the system said of the first that could not be removed, when all the others have been; ENOENT, ENOTDIR: no
 *   such directory.
 *
 * @example
 * const names = await sweep('uploads') // left by processes that were killed
 */
export const sweep = dual(function* sweep(dir: string | URL, options: SweepOptions = {}): Steps<string[]> {
  const path = asPath(dir, 'dir')
  const graceMs = asNumber(options.grace, 'options.grace', defaultGraceMs)
  const deletion = asDeleteJob(options)
  const job: Sweeping = { liveness: { dir: path, graceMs }, swept: [], failure: undefined }
  const trial = { as: 'sweep', path, retryFor: options.retryFor }
  const candidates = (yield* fs.list(path)).flatMap(({ name }) => {
    const payload = parsePayload(name)
    const owner = payload?.owner ?? ownerOf(name)
    return owner === undefined ? [] : { name, owner, payload }
  })
  const tasks = candidates.map(
    one => () =>
      sweepOne(job, one, () => removeAt(childPath(path, { name: one.name, kind: 'other' }), deletion, trial)),
  )
  // One after the other: mostly there are none, and what is deep is deleted several things at a time.
  yield* concurrently(tasks, 1)
  if (job.failure) throw job.failure
  return job.swept.sort()
})

/** A call under way. */
interface Sweeping {
  readonly liveness: Liveness
  readonly swept: string[]
  failure: Error | undefined
}

interface Candidate {
  readonly name: Path
  readonly owner: string
  /** It is the data of a state of a cell. */
  readonly payload: Payload | undefined
}

function* sweepOne(job: Sweeping, one: Candidate, away: () => Steps<boolean>): Steps<void> {
  const { liveness, swept } = job
  try {
    if (!(yield* isDebris(one.name, one.owner, liveness))) return
    if (one.payload && (yield* isNamed(liveness.dir, one.payload))) return
    if (yield* away()) swept.push(one.name.toString())
  } catch (error) {
    if (!isSystemError(error)) throw error
    job.failure ??= error
  }
}

/** Does the cell's state say that this is its data? Whoever wrote it is dead, so a state that does not will not do so later. */
function* isNamed(dir: string, { cell, nonce }: Payload): Steps<boolean> {
  const path = `${dir}/${cell}`
  try {
    const now = yield* readState(path, { as: 'sweep', path })
    return typeof now === 'object' && now.nonce === nonce
  } catch (error) {
    // It is no cell any more: whose data it is nobody knows, so it stays.
    if ((error as NodeJS.ErrnoException).code === 'ERR_NOT_A_CELL') return true
    throw error
  }
}
