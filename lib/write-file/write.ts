// The work of `writeFile`: a private file is filled, given its rights, synced, and renamed onto the name.

import { hasCode, isSystemError, mounted } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, type Outcome, orNothing, type Steps, together, unwrap } from '../core/steps.js'
import { withParents } from '../mkdirp.js'
import { achieve, asLastWord, noEvidence } from '../parts/achieve.js'
import { same } from '../parts/claim.js'
import { found, refuseOddities } from '../parts/follow-links.js'
import { giveRights, rightsAtBirth } from '../parts/permissions.js'
import type { Source } from '../parts/source.js'
import { type Staged, staged } from '../parts/stage.js'
import { pour } from './in-place.js'
import type { Writing } from './job.js'

/** Writes, and answers the name where the file is in truth. */
export function* write(job: Writing): Steps<string> {
  const { source, trial } = job
  // One that fails at once, or cannot be waited for, fails before anything is done.
  const first = source.whole ?? (yield* source.next())
  // The directory may vanish between two calls; then all is written again, unless it came from a stream.
  const again = job.parents && source.whole !== undefined
  try {
    // Only what was renamed is there, and that is looked at where it is renamed.
    return yield* achieve(() => attempt(job, first), noEvidence, again ? { ...trial, also: ['ENOENT'] } : trial)
  } catch (error) {
    source.stop()
    throw error
  }
}

function* attempt(job: Writing, first: Uint8Array | undefined): Steps<string> {
  const { at, there } = yield* found(job.path, job.follows)
  if (there) refuseOddities(at, there)
  const old = there?.isFile() ? there : undefined
  const target: Target = { at, old, inPlace: job.keepsLinks && old !== undefined && old.nlink > 1n }
  const birth = rightsAtBirth(job.rights, old)
  yield* withParents(at, job.parents, () =>
    staged(
      at,
      path => opened(path, birth),
      stage => (job.source.whole ? publish(job, target, stage, first) : once(publish(job, target, stage, first))),
      made => (made.open ? [fs.close(made.fd)] : []),
    ),
  )
  return at
}

/** What came piece by piece has gone by: if it failed now, it must not be tried again with what is left. */
function* once<T>(steps: Steps<T>): Steps<T> {
  try {
    return yield* steps
  } catch (error) {
    throw asLastWord(error)
  }
}

/** The file that is written, before it has its name. */
interface Made {
  readonly fd: number
  open: boolean
}

interface Target {
  readonly at: string
  /** The file that is there. */
  readonly old: Stats | undefined
  readonly inPlace: boolean
}

function* opened(path: string, mode: number): Steps<Made> {
  return { fd: yield* fs.open(path, 'wx', mode), open: true }
}

function* publish(job: Writing, target: Target, stage: Staged<Made>, first: Uint8Array | undefined): Steps<void> {
  const { made } = stage
  const was = yield* fill(made.fd, job.source, first)
  yield* giveRights(stage.path, was, job.rights, target.old)
  if (job.durability !== 'none') yield* fs.fsync(made.fd)
  if (target.inPlace) return yield* pour(stage.path, target.at, job)
  try {
    yield* achieve(
      () => renamed(stage, target.at),
      () => isThere(target.at, was),
      job.trial,
    )
    stage.spent = true
  } catch (error) {
    if (!job.inPlace || !hasCode(error, ...mounted)) throw hinted(error)
    yield* pour(stage.path, target.at, job)
  }
}

/** Writes all there is, and tells what the file is then. */
function* fill(fd: number, source: Source, first: Uint8Array | undefined): Steps<Stats> {
  let piece = first
  if (!source.whole) {
    for (; piece; piece = yield* source.next()) yield* writeFrom(fd, piece, 0)
    return yield* fs.fstat(fd)
  }
  // At once, because neither needs the other.
  const [written, seen] = (yield* together<unknown>([fs.write(fd, source.whole), fs.fstat(fd)])) as [
    Outcome<number>,
    Outcome<Stats>,
  ]
  yield* writeFrom(fd, source.whole, unwrap(written))
  return unwrap(seen)
}

/** However little one call takes. */
function* writeFrom(fd: number, bytes: Uint8Array, written: number): Steps<void> {
  for (let at = written; at < bytes.length; ) at += yield* fs.write(fd, at === 0 ? bytes : bytes.subarray(at))
}

/**
 * The first try closes the file at once with it. That is safe: as long as the rename has not been done, the private name
 * keeps the inode's number from being used again.
 */
function* renamed(stage: Staged<Made>, to: string): Steps<true> {
  const { made } = stage
  if (!made.open) yield* fs.rename(stage.path, to)
  else {
    const [outcome] = yield* together([fs.rename(stage.path, to), fs.close(made.fd)])
    made.open = false
    unwrap(outcome as Outcome<void>)
  }
  return true
}

/** Looks after a rename that failed. */
function* isThere(at: string, was: Stats): Steps<true | undefined> {
  return same(yield* fs.lstat(at, orNothing), was) || undefined
}

function hinted(error: unknown): unknown {
  if (isSystemError(error) && hasCode(error, ...mounted))
    error.message += " (the file is a mount point: `inPlace: 'when-needed'` writes it, and is not atomic)"
  return error
}
