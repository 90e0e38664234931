// What `sweep` may remove: private names, and the data of cells, in a directory and in those below it.

import { type Payload, parsePayload } from '../cell/payload.js'
import { isNaming } from '../cell/state.js'
import { readState } from '../cell/transition.js'
import { hasCode } from '../core/errors.js'
import type { Entry, Steps } from '../core/steps.js'
import { isDebris, type Liveness } from '../parts/debris.js'
import { listEntries, type OpenDirectory, pathTo } from '../parts/directory-handle.js'
import type { Root } from '../parts/reach.js'
import { ownerOf } from '../parts/stage-names.js'
import { type Place, placeIn, walkDown } from '../parts/walk-down.js'
import { noteFailure, noteUnlessGone, type Sweeping } from './job.js'
import { mayBeLock } from './locks.js'

export interface Candidate {
  readonly entry: Entry
  readonly owner: string
  /** Set if it is the data of a cell's state. */
  readonly payload: Payload | undefined
  /** It has the name of a lock. */
  readonly isLock: boolean
  /** The path below the directory that is swept. */
  readonly shown: string
}

/** What is to be removed from one directory. */
export interface Debris {
  readonly place: Place
  readonly candidates: readonly Candidate[]
}

/**
 * Finds all debris, that of the topmost directory first. All is judged before any is removed: that changes the ctime of
 * the inode's other names, which would look young then.
 */
export function* findDebris(top: OpenDirectory, job: Sweeping): Steps<{ root: Root; found: readonly Debris[] }> {
  const found: Debris[] = []
  // Only a write shows the time on the filesystem's own clock.
  const nowMs = job.dryRun ? BigInt(Date.now()) : undefined
  const look = function* (dir: OpenDirectory, place: Place): Steps<readonly Place[]> {
    const entries = yield* listEntries(dir)
    const liveness: Liveness = { dir: pathTo(dir), graceMs: job.graceMs, ...(nowMs !== undefined && { nowMs }) }
    const candidates: Candidate[] = []
    const below: Place[] = []
    for (const entry of entries) {
      const candidate = yield* candidateOf(entry, place, dir, job)
      if ((!candidate || candidate.isLock) && job.recursive && entry.kind === 'directory')
        below.push(placeIn(place, entry))
      if (candidate && (candidate.isLock || (yield* isToBeSwept(candidate, liveness, dir, job))))
        candidates.push(candidate)
    }
    if (candidates.length > 0) found.push({ place, candidates })
    // Backwards, because the last one is looked at first.
    return below.reverse()
  }
  const root = yield* walkDown(top, look, error => noteUnlessGone(job, error))
  return { root, found }
}

function* candidateOf(
  entry: Entry,
  { prefix }: Place,
  dir: OpenDirectory,
  { locks }: Sweeping,
): Steps<Candidate | undefined> {
  const { name } = entry
  const payload = parsePayload(name)
  const owner = payload?.owner ?? ownerOf(name)
  const isLock = locks && owner === undefined && (yield* mayBeLock(entry, dir))
  return owner === undefined && !isLock
    ? undefined
    : { entry, owner: owner ?? '', payload, isLock, shown: `${prefix}${name}` }
}

function* isToBeSwept(
  { entry, owner }: Candidate,
  liveness: Liveness,
  dir: OpenDirectory,
  job: Sweeping,
): Steps<boolean> {
  try {
    return yield* isDebris(entry.name, owner, liveness)
  } catch (error) {
    // The directory is gone, with the name.
    return hasCode(error, 'ENOENT') ? false : noteFailure(job, error, dir)
  }
}

/**
 * Does the cell's state name this data? If not, no later state will: the process that wrote the data is dead, and only
 * states that name it can be followed by one that keeps it.
 */
export function* isNamed({ payload }: Candidate, dir: OpenDirectory): Steps<boolean> {
  if (!payload) return false
  const at = pathTo(dir)
  // The cells of a directory whose name is no text cannot be read by path, and so their data stays.
  if (typeof at !== 'string') return true
  const path = `${at}/${payload.cell}`
  try {
    const now = yield* readState(path, { as: 'sweep', path })
    return isNaming(now, payload)
  } catch (error) {
    // It is not a cell any more, so what the data belongs to is unknown, and it stays.
    if ((error as NodeJS.ErrnoException).code === 'ERR_NOT_A_CELL') return true
    throw error
  }
}
