// What `sweep` may remove: private names, and the data of cells, in a directory and in those below it.

import { type Payload, parsePayload } from '../cell/payload.js'
import { readState } from '../cell/transition.js'
import { hasCode, isSystemError } from '../core/errors.js'
import { type Entry, fs, type Path, type Steps } from '../core/steps.js'
import type { Liveness } from '../parts/debris.js'
import type { DeleteJob } from '../parts/delete-tree.js'
import { ownerOf } from '../parts/stage-names.js'
import { childPath, visit } from '../parts/tree.js'

export interface Candidate {
  /** Of the directory that the name is in. */
  readonly liveness: Liveness
  readonly name: Path
  readonly path: Path
  readonly owner: string
  /** Set if it is the data of a cell's state. */
  readonly payload: Payload | undefined
  /** The path below the directory that is swept. */
  readonly shown: string
}

interface Finding {
  readonly graceMs: number
  readonly recursive: boolean
  readonly dryRun: boolean
  readonly deletion: DeleteJob
  failure: Error | undefined
}

interface Dir {
  readonly path: Path
  /** What the names in it are shown with. */
  readonly prefix: string
}

/** Finds all that may be removed. An error of a directory below becomes `failure`. */
export function* findCandidates(path: string, job: Finding): Steps<readonly Candidate[]> {
  const found: Candidate[] = []
  // Only a write shows the time on the filesystem's own clock.
  const nowMs = job.dryRun ? BigInt(Math.floor(performance.timeOrigin + (yield* fs.now()))) : undefined
  const enter = function* (dir: Dir): Steps<readonly Dir[]> {
    const entries = yield* dir.prefix === '' ? fs.list(path) : listBelow(dir, job)
    const liveness: Liveness = { dir: dir.path, graceMs: job.graceMs, ...(nowMs !== undefined && { nowMs }) }
    const others = entries.filter(entry => {
      const candidate = candidateOf(entry, dir, liveness)
      if (candidate) found.push(candidate)
      return !candidate
    })
    if (!job.recursive) return []
    return others
      .filter(({ kind }) => kind === 'directory')
      .map(entry => ({ path: childPath(dir.path, entry), prefix: `${dir.prefix}${entry.name}/` }))
  }
  yield* visit<Dir>({ path, prefix: '' }, { enter, leave: noMore }, job.deletion.concurrency)
  return found
}

function* noMore(): Steps<void> {}

function* listBelow({ path }: Dir, job: Finding): Steps<readonly Entry[]> {
  try {
    return yield* fs.list(path)
  } catch (error) {
    if (!isSystemError(error)) throw error
    // Another process has removed it, or has put something else there.
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) job.failure ??= error
    return []
  }
}

function candidateOf(entry: Entry, dir: Dir, liveness: Liveness): Candidate | undefined {
  const { name } = entry
  const payload = parsePayload(name)
  const owner = payload?.owner ?? ownerOf(name)
  if (owner === undefined) return undefined
  return { liveness, name, owner, payload, path: childPath(dir.path, entry), shown: `${dir.prefix}${name}` }
}

/**
 * Does the cell's state name this data? If not, no later state will, because the process that wrote the data is dead.
 */
export function* isNamed({ payload, liveness: { dir } }: Candidate): Steps<boolean> {
  if (!payload) return false
  // The cells of a directory whose name is no text cannot be read, and so their data stays.
  if (typeof dir !== 'string') return true
  const path = `${dir}/${payload.cell}`
  try {
    const now = yield* readState(path, { as: 'sweep', path })
    return typeof now === 'object' && now.nonce === payload.nonce
  } catch (error) {
    // It is not a cell any more, so what the data belongs to is unknown, and it stays.
    if ((error as NodeJS.ErrnoException).code === 'ERR_NOT_A_CELL') return true
    throw error
  }
}
