// What `getOrCreate` publishes comes from a caller's function, which fills a private name. Whatever becomes of that, nothing
// of it is left, unless it was published.

import type { Durability } from '../core/input.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { unheard } from '../core/wait.js'
import { attended, type Hold, lossOf, quietly, renew } from '../lock/hold.js'
import { achieve, inPeace, noEvidence, type Trial, tidy } from '../parts/achieve.js'
import type { Discard } from '../parts/delete-tree.js'
import { syncFile, writeAll } from '../parts/durable.js'
import { asSource, type Data } from '../parts/source.js'
import { closing, type Staged, stagedDirectory, stageName } from '../parts/stage.js'
import { takeAway } from '../remove.js'
import { syncTree } from './sync-tree.js'

export type Kind = 'file' | 'directory'

/** What whoever produces is told. */
export interface Production {
  /** Aborted as soon as nobody wants it any more: the call was stopped, its time is over, or the lock is lost. */
  readonly signal: AbortSignal
  /** Greater than that of every producer before: the other side can refuse one that comes too late. */
  readonly fence: number
}

// biome-ignore lint/suspicious/noConfusingVoidType: a function that answers nothing is what most of them are
type Content = Data | undefined | void

/** Makes the thing at the private name `stage`; or answers the content of a file, which is then written there. */
export type Producer<K extends Kind = 'file'> = K extends 'directory'
  ? (stage: string, production: Production) => unknown
  : (stage: string, production: Production) => Content | PromiseLike<Content>

export interface Producing {
  readonly kind: Kind
  readonly produce: Producer<Kind>
  readonly durability: Durability
  readonly trial: Trial
}

/** Nothing is reported, and nothing is counted. */
export const quiet: Discard = { concurrency: 64, onProgress: undefined, sum: { done: 0, total: 0, bytes: 0 } }

/** Milliseconds for which it is tried to take away what a producer that was stopped goes on filling. */
const tidyForMs = 200

/** Runs steps with a private name beside `at`, for a file; or with a directory of that name. */
export function* whileStaged<T>(
  at: string,
  { kind, trial }: Producing,
  use: (stage: Staged<void>) => Steps<T>,
): Steps<T> {
  const dispose = (path: string) => takeAway(path, quiet, { ...trial, retryFor: tidyForMs })
  if (kind === 'directory') return yield* stagedDirectory(at, use, dispose)
  const stage: Staged<void> = { path: yield* stageName(at), made: undefined, spent: false }
  try {
    return yield* use(stage)
  } finally {
    // There may be a directory, or nothing.
    if (!stage.spent) yield* inPeace(() => tidy(dispose(stage.path)))
  }
}

/** Has it produced; answers what is there then, on the disk if that was asked for. */
export function* produced(job: Producing, stage: string, hold: Hold): Steps<Stats> {
  const { produce } = job
  const ended = new AbortController()
  const production = { signal: AbortSignal.any([lossOf(hold), ended.signal]), fence: hold.fence }
  try {
    const answer = yield* attended(hold, produce(stage, production))
    if (job.kind === 'file' && answer !== undefined) return yield* written(job, stage, answer, hold)
    const there = yield* achieve(() => lookedAt(job, stage), noEvidence, job.trial)
    if (job.kind === 'directory') yield* syncTree(stage, job.durability, beatOf(hold))
    else if (job.durability !== 'none') yield* syncFile(stage)
    return there
  } catch (error) {
    ended.abort(error)
    throw error
  }
}

function* lookedAt({ kind, trial }: Producing, stage: string): Steps<Stats> {
  const there = yield* fs.lstat(stage, orNothing)
  if (kind === 'directory' ? there?.isDirectory() : there?.isFile()) return there as Stats
  const wanted = kind === 'file' ? 'no file there, nor answered its content' : 'no directory there'
  const found = there ? ', but something else' : ''
  throw Object.assign(new Error(`The producer has made ${wanted}${found}: ${trial.path}`), {
    code: 'ERR_NOT_PRODUCED',
    path: trial.path,
  })
}

/** Writes what it answered, however long that takes to come. */
function* written({ durability }: Producing, stage: string, answer: unknown, hold: Hold): Steps<Stats> {
  const beat = beatOf(hold)
  const source = asSource(answer, 'what produce answered', 'utf8', function* settled(piece) {
    const next = unheard(piece)
    yield* beat()
    return yield* attended(hold, next)
  })
  try {
    const fd = yield* fs.open(stage, 'w')
    return yield* closing(fd, function* (): Steps<Stats> {
      for (let piece = source.whole ?? (yield* source.next()); piece; piece = yield* source.next())
        yield* writeAll(fd, piece, 'none')
      if (durability !== 'none') yield* fs.fsync(fd)
      return yield* fs.fstat(fd)
    })
  } catch (error) {
    source.stop()
    throw error
  }
}

/** Heartbeats for a work of many calls: whenever it is asked, one if it is due. */
function beatOf(hold: Hold): () => Steps<void> {
  let lastMs: number | undefined
  return function* beat() {
    const nowMs = yield* fs.now()
    lastMs ??= nowMs
    if (hold.over || nowMs - lastMs < hold.locking.heartbeatMs) return
    lastMs = nowMs
    yield* quietly(renew(hold))
  }
}
