// The work of `updateFile`: takes the locks of the files that the names lead to, and under them reads, changes and writes
// those (./change.ts).

import { resolve } from 'node:path'
import { asFunction, asName, refusal } from '../core/input.js'
import { isTimeout } from '../core/interruption.js'
import type { Publication } from '../core/publication.js'
import type { Steps } from '../core/steps.js'
import type { Locking } from '../lock/hold.js'
import { holderOf, lockHeld, outOfTime, unnamedIfLeft } from '../lock/holder.js'
import { acquireInTime } from '../lock/obtain.js'
import { asLocking, type LockingOptions, waitingAs } from '../lock/options.js'
import { settlePlace } from '../lock/place.js'
import { isListening, sayWhoUntil } from '../lock/turn/waiting.js'
import type { UnderLock } from '../lock/under-lock.js'
import { whileHeld } from '../lock/while-held.js'
import { isShut } from '../write-file/in-place.js'
import { asWriting } from '../write-file.js'
import { type Locked, whileAllHeld } from './all-held.js'
import { type Changing, changeLocked, moved, resolveFile } from './change.js'
import { asCodec } from './codec.js'
import type { UpdateFileOptions } from './options.js'
import { inOrder, sameFile } from './order.js'

export type Change = (old: never, work: UnderLock) => unknown
export type Files = string | URL | readonly (string | URL)[]

/** A call under way. */
export interface Update extends Changing {
  readonly locking: LockingOptions
  readonly around: readonly string[]
  readonly wait: Locking['wait']
}

export function asUpdate(files: Files, change: Change, options: UpdateFileOptions, publication: Publication): Update {
  const { stale, heartbeat, label, onWait, parents, retryFor, lockPath, lockDir, foreign, mode, durability, inPlace } =
    options
  const paths = asPaths(files)
  if (asFunction(change, 'change') === undefined)
    throw refusal('ERR_INVALID_ARG_TYPE', 'change', 'of type function', change)
  const codec = asCodec(options)
  const locking = { stale, heartbeat, label, onWait, parents, retryFor, lockPath, lockDir, foreign }
  const writing = { encoding: codec.encoding, mode, durability, inPlace, parents, retryFor }
  // Bad options are refused now, not only when there is something to write.
  const [path = ''] = paths
  const { around, wait } = asLocking(path, locking, 'updateFile')
  asWriting(path, '', writing, 'updateFile')
  const isList = Array.isArray(files)
  return { paths, isList, change: change as Update['change'], codec, locking, around, wait, writing, publication }
}

function asPaths(files: Files): string[] {
  if (!Array.isArray(files)) return [asName(files, 'file')]
  if (files.length === 0) throw refusal('ERR_INVALID_ARG_VALUE', 'files', 'an array of at least one path', files)
  const paths = files.map(file => asName(file, 'files'))
  const seen = new Set<string>()
  for (const path of paths.map(one => resolve(one))) {
    if (seen.has(path)) throw sameFile(path)
    seen.add(path)
  }
  return paths
}

export function* update(job: Update): Steps<unknown> {
  for (;;) {
    const lockings = yield* lockingsOf(job)
    const [only] = lockings
    const content = yield* lockings.length === 1 ? updateOne(job, only as Locking) : updateSeveral(job, lockings)
    if (content !== moved) return content
  }
}

/** The same as for several, in less steps. */
function* updateOne(job: Update, locking: Locking): Steps<unknown> {
  const files = [yield* acquireUnlessShut(locking)]
  const [{ hold }] = files as [Locked]
  return yield* hold ? whileHeld(hold, () => changeLocked(job, files)) : changeLocked(job, files)
}

function* updateSeveral(job: Update, lockings: readonly Locking[]): Steps<unknown> {
  const { locks, lockOf } = yield* inOrder(lockings)
  return yield* whileAllHeld(locks, acquireUnlessShut, locked => {
    const files = lockings.map((locking, at): Locked => {
      const { hold, refused } = locked[lockOf[at] ?? 0] as Locked
      return { locking, hold, refused }
    })
    return changeLocked(job, files)
  })
}

/**
 * Takes a lock, unless nothing can be made or changed where it is: then no caller there can write the file either, and it
 * can be read.
 */
function* acquireUnlessShut(locking: Locking): Steps<Locked> {
  try {
    return { locking, hold: yield* acquireInTime(locking) }
  } catch (error) {
    if (isTimeout(error)) throw yield* outOfTime(locking, error)
    if (!isShut(error)) throw error
    return { locking, hold: undefined, refused: error }
  }
}

/** The locks of the files that the names lead to, so that all links to one file share it. */
function* lockingsOf(job: Update): Steps<Locking[]> {
  try {
    return yield* resolveAll(job)
  } catch (error) {
    if (!isTimeout(error)) throw error
    // The time-out ended the wait for this call's turn in its thread, and that was a wait for a lock.
    yield* unnamedIfLeft({ path: job.paths[0] as string })
    for (const lock of yield* resolveAll(job)) {
      const holder = yield* holderOf(lock)
      if (holder) throw lockHeld(lock, holder, error)
    }
    throw error
  }
}

type Wanted = Pick<Update, 'paths' | 'locking' | 'around' | 'wait'>

function* resolveAll({ paths, locking, around, wait }: Wanted): Steps<Locking[]> {
  const lockings: Locking[] = []
  for (const path of paths) {
    const one = asLocking(yield* resolveFile(path), locking, 'updateFile', around)
    if (one.lockDir !== undefined) yield* settlePlace(one)
    lockings.push(waitingAs(one, wait))
  }
  return lockings
}

/** While a call waits for its turn behind others of its thread, it says who holds a lock that it wants. */
export const sayWhoInQueue = (
  turn: Promise<unknown>,
  files: Files,
  options: UpdateFileOptions = {},
): Steps<void> | undefined => (isListening(options) ? sayWhoUntilTurn(turn, files, options) : undefined)

function* sayWhoUntilTurn(turn: Promise<unknown>, files: Files, options: UpdateFileOptions): Steps<void> {
  const { onWait, lockPath, lockDir } = options
  const paths = asPaths(files)
  const locking = { onWait, lockPath, lockDir }
  const { wait, around } = asLocking(paths[0] ?? '', locking, 'updateFile')
  yield* sayWhoUntil(yield* resolveAll({ paths, locking, around, wait }), turn)
}
