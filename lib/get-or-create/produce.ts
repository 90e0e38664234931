// The caller's function makes, at a private name, what `getOrCreate` publishes. If that is not published, nothing of it
// is left.

import { hasCode } from '../core/errors.js'
import type { Durability } from '../core/input.js'
import type { FileProgress } from '../core/progress.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import type { Hold } from '../lock/hold.js'
import { UnderLock } from '../lock/under-lock.js'
import { attended, beat, inside } from '../lock/while-held.js'
import { achieve, noEvidence, type Trial } from '../parts/achieve.js'
import { writeBytes } from '../parts/bytes.js'
import { cleaningUp, discard, ofUser } from '../parts/cleanup.js'
import { silently } from '../parts/delete-job.js'
import { syncFile } from '../parts/durable.js'
import { stagedTree } from '../parts/made-directory.js'
import { isStill, isUnplaced } from '../parts/placed.js'
import { keepAsItIs, namingPublicly } from '../parts/public-names.js'
import { refuseResponse } from '../parts/response.js'
import { removeAt } from '../parts/set-aside.js'
import { asSource, type Data } from '../parts/source.js'
import { closingWritten, type Staged } from '../parts/stage.js'
import { stageName } from '../parts/stage-names.js'
import { syncTree } from '../parts/sync-tree.js'

export type Kind = 'file' | 'directory'

/** What a producer gets. */
export interface Production {
  /** Aborted as soon as the result is not wanted any more: the call was stopped or timed out, or the lock is lost. */
  readonly signal: AbortSignal
  /**
   * A fencing token, greater than that of every earlier producer. A service can use it to refuse one that comes too
   * late.
   */
  readonly fence: number
}

// biome-ignore lint/suspicious/noConfusingVoidType: most producers return nothing
type Content = Data | undefined | void

/** Makes the thing at the private name `stage`; or returns the content of a file, which is then written there. */
export type Producer<K extends Kind = 'file'> = K extends 'directory'
  ? (stage: string, production: Production) => unknown
  : (stage: string, production: Production) => Content | PromiseLike<Content>

export interface Producing {
  readonly kind: Kind
  readonly produce: Producer<Kind>
  readonly durability: Durability
  readonly trial: Trial
  readonly progress: FileProgress | undefined
}

/** How long the call tries to remove a directory that a producer goes on filling although it was stopped. */
const tidyForMs = 200

/** Runs steps with a private name beside `at`; for a directory, that is made. */
export function* whileStaged<T>(
  at: string,
  { kind, trial }: Producing,
  use: (stage: Staged<void>) => Steps<T>,
): Steps<T> {
  const briefly = { ...trial, retryFor: tidyForMs }
  if (kind === 'directory')
    return yield* stagedTree(at, use, (path, made) =>
      made ? removeAt(path, silently(), briefly, { isOurs: isStill(path, made) }) : fs.rmdir(path),
    )
  const remove = (path: string) => removeAt(path, silently(), briefly, { isOurs: isUnplaced(path) })
  const stage: Staged<void> = { path: yield* stageName(at), made: undefined, spent: false }
  try {
    return yield* use(stage)
  } catch (error) {
    throw namingPublicly(error, stage.path, at)
  } finally {
    // The producer may have made a directory, or nothing.
    if (!stage.spent) yield* cleaningUp(() => discard(() => remove(stage.path)))
  }
}

/** Runs the producer, syncs what it made if that was asked for, and returns the stats of that. */
export function* produce(job: Producing, stage: string, hold: Hold): Steps<Stats> {
  const production = new UnderLock([hold])
  try {
    const content = yield* callProducer(job, stage, production, hold)
    if (job.kind === 'file' && content !== undefined) return yield* writeContent(job, stage, content, hold)
    refuseResponse(content, 'and a directory is filled by its producer')
    const there = yield* achieve(() => statProduced(job, stage), noEvidence, job.trial)
    beginCounting(job, job.kind === 'file' ? Number(there.size) : undefined)
    if (job.kind === 'file') job.progress?.reach(Number(there.size))
    if (job.kind === 'directory') yield* syncTree(stage, job.durability, heartOf(hold))
    else if (job.durability !== 'none') yield* syncFile(stage)
    return there
  } catch (error) {
    production.end(error)
    throw error
  }
}

function* callProducer(job: Producing, stage: string, production: UnderLock, hold: Hold): Steps<unknown> {
  try {
    return yield* ofUser(() =>
      attended(
        hold,
        inside(hold, () => job.produce(stage, production)),
      ),
    )
  } catch (error) {
    throw keepAsItIs(error)
  }
}

function* statProduced({ kind, trial }: Producing, stage: string): Steps<Stats> {
  const there = yield* fs.lstat(stage, orNothing)
  if (kind === 'directory' ? there?.isDirectory() : there?.isFile()) return there as Stats
  const missing = kind === 'file' ? 'neither made a file nor returned its content' : 'made no directory'
  const instead = there ? ', but something else' : ''
  throw Object.assign(new Error(`The producer has ${missing}${instead}: ${trial.path}`), {
    code: 'ERR_NOT_PRODUCED',
    path: trial.path,
  })
}

/** Writes the content that the producer returned, with heartbeats while its pieces come. */
function* writeContent(job: Producing, stage: string, content: unknown, hold: Hold): Steps<Stats> {
  const { durability, progress } = job
  const beatIfDue = heartOf(hold)
  const source = asSource(content, 'what produce returned', 'utf8', function* settlePiece(piece) {
    const settled = yield* attended(hold, piece)
    yield* beatIfDue()
    return settled
  })
  beginCounting(job, source.whole?.length)
  try {
    const fd = yield* openForContent(stage)
    return yield* closingWritten(fd, durability !== 'none', function* (): Steps<Stats> {
      for (let piece = source.whole ?? (yield* source.next()); piece; piece = yield* source.next())
        yield* writeBytes(fd, piece, 0, progress)
      if (durability !== 'none') yield* fs.fsync(fd)
      return yield* fs.fstat(fd)
    })
  } catch (error) {
    source.stop()
    throw error
  }
}

/** `bytes`: how many there will be, if that is known. */
function beginCounting({ progress }: Producing, bytes: number | undefined): void {
  if (!progress) return
  progress.begin(bytes)
  progress.job.sum.totalBytes = bytes
}

/** Usually nothing is there, and a file that this very open makes is known to be new (../core/fast-path/kernel-cache.ts). */
function* openForContent(stage: string): Steps<number> {
  try {
    return yield* fs.open(stage, 'wx')
  } catch (error) {
    // The producer has made a file as well. What it returned counts. The file is not opened, because another process may
    // have put a link in its place.
    if (!hasCode(error, 'EEXIST')) throw error
    yield* fs.unlink(stage)
    return yield* fs.open(stage, 'wx')
  }
}

/** Returns steps that make a heartbeat if one is due, to be run again and again during work of many calls. */
function heartOf(hold: Hold): () => Steps<void> {
  let lastMs: number | undefined
  return function* beatIfDue() {
    const nowMs = yield* fs.now()
    lastMs ??= nowMs
    if (hold.over || nowMs - lastMs < hold.locking.heartbeatMs) return
    lastMs = nowMs
    yield* beat(hold)
  }
}
