// Writing into a file that cannot be replaced: the weaker promise that `inPlace` names.

import { type Errno, hasCode, isFinal, markFinal, systemError } from '../core/errors.js'
import { platform } from '../core/platform.js'
import type { FileProgress } from '../core/progress.js'
import type { Stats } from '../core/stats.js'
import { fs, type Steps } from '../core/steps.js'
import { achieve, noEvidence } from '../parts/achieve.js'
import { readPieces, writeBytes } from '../parts/bytes.js'
import { refusePlanted } from '../parts/follow-links.js'
import { sameInode } from '../parts/identity.js'
import { setPermissions } from '../parts/permissions.js'
import { closing, closingWritten } from '../parts/stage.js'
import type { Writing } from './job.js'

/** Errors of a directory in which nothing can be made or replaced, although a file in it may be written. */
export const shutCodes: readonly Errno[] = platform.isWindows ? [] : ['EACCES', 'EPERM', 'EROFS']

/** The file that is written. Only `passage` follows a link: one that leads to what is open already. */
export interface Place {
  readonly at: string
  readonly old: Stats | undefined
  readonly passage?: boolean
}

type Put = (piece: Uint8Array) => Steps<void>

/**
 * Copies a private file, whose stats are `was`, into one that cannot be replaced. All the data is on this filesystem
 * already, so little can fail here: no stream, and usually no full disk.
 */
export function* writeInPlace(from: string, was: Stats, place: Place, job: Writing): Steps<void> {
  // Each try opens both files, so that it holds neither while it waits for the next.
  yield* deciding(job, () => achieve(() => overwriteFile(from, was, place, job), noEvidence, job.trial))
}

function* overwriteFile(from: string, was: Stats, place: Place, job: Writing): Steps<true> {
  const source = yield* fs.open(from, 'r nofollow')
  return yield* closing(source, function* (): Steps<true> {
    const staged = yield* fs.fstat(source)
    // In a directory that others may write, they may have put another file there.
    if (!sameInode(staged, was)) throw systemError('EACCES', 'open', 'another process has replaced it', from)
    yield* overwrite(place, job, put => readPieces(source, staged, put))
    return true
  })
}

/** Writes the data into the file as it comes, where no private file can be made. */
export function* writeDirectly(place: Place, job: Writing, first: Uint8Array | undefined): Steps<void> {
  const { progress, source } = job
  progress?.begin(source.whole?.length)
  const pour = function* (put: Put): Steps<void> {
    for (let piece = first; piece; piece = yield* source.next()) {
      yield* put(piece)
      if (source.whole) return
    }
  }
  yield* deciding(job, () => overwrite(place, job, pour, progress))
}

/** Runs steps that write in place. If they fail, a part may have been written. */
function* deciding({ trial: { publication } }: Writing, steps: () => Steps<unknown>): Steps<void> {
  publication?.begin()
  yield* steps()
  publication?.decide(true)
}

/** Opens the file, passes `pour` what writes a piece into it, and leaves nothing behind the last piece. */
function* overwrite(
  place: Place,
  job: Writing,
  pour: (put: Put) => Steps<unknown>,
  progress?: FileProgress,
): Steps<void> {
  const { at, old, passage = false } = place
  if (old) yield* refusePlanted(at, old)
  const target = yield* fs.open(at, passage ? 'rewrite' : 'rewrite nofollow')
  const written = closingWritten(target, job.durability !== 'none', function* () {
    const was = yield* fs.fstat(target)
    let size = 0
    yield* pour(function* (piece) {
      yield* writeBytes(target, piece, 0, progress)
      size += piece.length
    })
    const { mode = false, owner = false } = job.permissions
    yield* setPermissions(target, was, { mode, owner }, undefined)
    // A pipe or a terminal keeps nothing.
    if (!was.isFile()) return
    yield* fs.ftruncate(target, size)
    if (job.durability !== 'none') yield* fs.fsync(target)
  })
  // What a pipe was given cannot be taken back.
  yield* passage ? unrepeated(written) : written
}

/** Runs steps that cannot be repeated, so that a failure does not lead to another try. */
export function* unrepeated<T>(steps: Steps<T>): Steps<T> {
  try {
    return yield* steps
  } catch (error) {
    throw markFinal(error)
  }
}

/** Does the error say that the directory is shut, and not the file? */
export const isShut = (error: unknown): boolean => hasCode(error, ...shutCodes) && !isFinal(error)
