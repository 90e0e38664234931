// The work of `writeFile`: a private file is filled, gets its permissions, is synced, and is renamed onto the name.

import { hasCode, mountPointCodes } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, type Outcome, type Steps, together, unwrap } from '../core/steps.js'
import { achieve, done, noEvidence } from '../parts/achieve.js'
import { pieceBytes, writeBytes } from '../parts/bytes.js'
import { isPlanted, passage, refuseSpecialFile, resolveLinks } from '../parts/follow-links.js'
import { isInode } from '../parts/identity.js'
import { findMount } from '../parts/mount.js'
import { withParents } from '../parts/parents.js'
import { creationMode, isOwnerFirst, setPermissions } from '../parts/permissions.js'
import { giving, isSpent, publish } from '../parts/publish.js'
import { closeUnsynced, type Staged, stagedFile, type Written } from '../parts/stage.js'
import { isShut, unrepeated, writeDirectly, writeInPlace } from './in-place.js'
import type { StageHooks, Writing } from './job.js'

/** Returns the name that was given to a new file: where `path` leads, if it is a link. */
export function* write(job: Writing): Steps<string | undefined> {
  const { source, trial } = job
  try {
    // A stream that fails at once, or that the sync form cannot wait for, must fail before a file is made.
    const first = source.whole ?? (yield* source.next())
    // The directory may vanish between two calls. Then the data is written again, unless it comes from a stream.
    const repeatable = job.parents && source.whole !== undefined
    // No look is needed here: the rename has one of its own.
    const { at } = yield* achieve(
      () => tryWrite(job, first),
      noEvidence,
      repeatable ? { ...trial, also: ['ENOENT'] } : trial,
    )
    if (job.progress) yield* job.progress.finish()
    return at
  } catch (error) {
    source.stop()
    throw error
  }
}

function* tryWrite(job: Writing, first: Uint8Array | undefined): Steps<{ at: string | undefined }> {
  const { at, there } = yield* resolveLinks(job.path, job.follows, true)
  const found = job.hooks?.found?.(at, there)
  if (found) yield* found
  if (there) refuseSpecialFile(at, there)
  if (job.follows && there?.isSymbolicLink()) return yield* writeThrough(job, at, first)
  // What another user may have planted is replaced, and passes nothing on: neither its mode nor its owner.
  const old = there?.isFile() ? there : undefined
  const heir = old && (yield* isPlanted(at, old)) ? undefined : old
  const target: Target = { at, old, heir, inPlace: job.keepsLinks && old !== undefined && old.nlink > 1n }
  let isStaged = false
  try {
    yield* withParents(at, job.parents, () =>
      stagedFile(
        at,
        creationMode(job.permissions, heir),
        stage => {
          isStaged = true
          const steps = fillAndPublish(job, target, stage, first)
          return onceOnly(job, isHooked(job.hooks) ? hooked(job.hooks, stage, steps) : steps)
        },
        job.hooks?.nameOf,
      ),
    )
  } catch (error) {
    if (isStaged || !job.inPlace || !old || !isShut(error)) throw error
    yield* onceOnly(job, insteadOf(error, writeDirectly(target, job, first)))
  }
  return { at }
}

const isHooked = (hooks: StageHooks | undefined): hooks is StageHooks =>
  hooks?.created !== undefined || hooks?.keepsFailed === true

/** The steps that fill and publish the private file, with what a face does before and after them. */
function* hooked(hooks: StageHooks, stage: Staged<Written>, steps: Steps<void>): Steps<void> {
  try {
    if (hooks.created) yield* hooks.created(stage.path)
    yield* steps
  } catch (error) {
    if (hooks.keepsFailed) stage.spent = true
    throw error
  }
}

/** The link leads to what is open already: a pipe, a terminal, a file whose name may be another meanwhile. */
function* writeThrough(job: Writing, at: string, first: Uint8Array | undefined): Steps<{ at: undefined }> {
  if (!job.inPlace) throw passage(at, "; `inPlace: 'when-needed'` opens that and writes it")
  yield* onceOnly(job, writeDirectly({ at, old: undefined, passage: true }, job, first))
  return { at: undefined }
}

/** The pieces of a stream come only once, so a failure must not lead to another try with what is left of them. */
const onceOnly = <T>({ source }: Writing, steps: Steps<T>): Steps<T> => (source.whole ? steps : unrepeated(steps))

interface Target {
  readonly at: string
  /** The file that is there, which is replaced. */
  readonly old: Stats | undefined
  /** The same, if its mode and its owner are to be kept. */
  readonly heir: Stats | undefined
  /** It is not replaced, but written in place. */
  readonly inPlace: boolean
}

function* fillAndPublish(
  job: Writing,
  target: Target,
  stage: Staged<Written>,
  first: Uint8Array | undefined,
): Steps<void> {
  const { made } = stage
  if (isOwnerFirst(job.permissions, target.heir))
    yield* setPermissions(made.fd, yield* fs.fstat(made.fd), job.permissions, target.heir)
  const was = yield* fill(made.fd, job, first)
  yield* setPermissions(made.fd, was, job.permissions, target.heir)
  if (job.durability !== 'none') yield* fs.fsync(made.fd)
  // What is written in place takes two descriptors more.
  yield* closeUnsynced(made, job.durability !== 'none' && !target.inPlace)
  if (target.inPlace) return yield* writeInPlace(stage.path, was, target, job)
  try {
    yield* publish(
      () => giving(job.trial.publication, target.at, renameAndClose(stage, target.at), () => isSpent(stage.path)),
      () => isInode(target.at, was),
      job.trial,
    )
    stage.spent = true
  } catch (error) {
    if (!job.inPlace || !target.old || !(hasCode(error, ...mountPointCodes) || isShut(error))) {
      yield* findMount(error, target.at, inPlaceAdvice)
      throw error
    }
    yield* insteadOf(error, writeInPlace(stage.path, was, target, job))
  }
}

/** Runs steps after another way has failed with `error`. If the file cannot be opened either, that error comes out. */
function* insteadOf<T>(error: unknown, steps: Steps<T>): Steps<T> {
  try {
    return yield* steps
  } catch (another) {
    throw isShut(another) ? error : another
  }
}

/** Writes all the data, and returns the file's stats, in which the size may be out of date. */
function* fill(fd: number, { source, progress }: Writing, first: Uint8Array | undefined): Steps<Stats> {
  progress?.begin(source.whole?.length)
  let piece = first
  if (!source.whole) {
    for (; piece; piece = yield* source.next()) yield* writeBytes(fd, piece, 0, progress)
    return yield* fs.fstat(fd)
  }
  // Together, because neither needs the other.
  const begin = source.whole.length <= pieceBytes ? source.whole : source.whole.subarray(0, pieceBytes)
  const [written, stats] = (yield* together<unknown>([fs.write(fd, begin), fs.fstat(fd)])) as [
    Outcome<number>,
    Outcome<Stats>,
  ]
  if (progress) yield* progress.advance(unwrap(written))
  yield* writeBytes(fd, source.whole, unwrap(written), progress)
  return unwrap(stats)
}

/**
 * If the file is still open, the first try also closes it, in the same wave of calls. That is safe: until the rename is
 * done, the private name keeps the inode's number from being used again.
 */
const renameAndClose = ({ path, made }: Staged<Written>, to: string): Steps<true> =>
  made.isOpen ? renameClosing(path, made, to) : done(fs.rename(path, to), true)

function* renameClosing(path: string, made: Written, to: string): Steps<true> {
  const [renamed] = yield* together([fs.rename(path, to), fs.close(made.fd)])
  made.isOpen = false
  unwrap(renamed as Outcome<void>)
  return true
}

const inPlaceAdvice = "; `inPlace: 'when-needed'` writes it in place, which is not atomic"
