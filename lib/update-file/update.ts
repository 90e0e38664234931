// The work of `updateFile`: the lock of the file that is meant, and in it the reading, the change, and the writing.
import { hasCode } from '../core/errors.js'
import { asFunction, asName, refusal } from '../core/input.js'
import { isTimeout } from '../core/interruption.js'
import { fs, type Steps } from '../core/steps.js'
import { isThenable } from '../core/wait.js'
import { acquire } from '../lock/acquire.js'
import { attended, type Hold, type Locking, renew, whileHeld } from '../lock/hold.js'
import { holderOf, lockHeld } from '../lock/holder.js'
import { asLocking } from '../lock/options.js'
import type { LockOptions } from '../lock.js'
import { achieve, noEvidence } from '../parts/achieve.js'
import { refuseSpecialFile, resolveLinks } from '../parts/follow-links.js'
import { asWriting, type WriteFileOptions, writeFile } from '../write-file.js'
import { asCodec, type Codec } from './codec.js'
import type { UpdateFileOptions } from './options.js'

export type Change = (old: never) => unknown

/** A call under way. */
export interface Update {
  readonly path: string
  readonly change: (old: unknown) => unknown
  readonly form: Codec
  readonly locking: LockOptions
  readonly writing: WriteFileOptions
}

export function asUpdate(file: string | URL, change: Change, options: UpdateFileOptions): Update {
  const { stale, heartbeat, parents, retryFor, mode, durability } = options
  const path = asName(file, 'file')
  if (asFunction(change, 'change') === undefined)
    throw refusal('ERR_INVALID_ARG_TYPE', 'change', 'of type function', change)
  const form = asCodec(options)
  const locking = { stale, heartbeat, parents, retryFor }
  const writing = { encoding: form.encoding, mode, durability, parents, retryFor }
  // Refused now, not when there is something to write.
  asLocking(path, locking, 'updateFile')
  asWriting(path, '', writing, 'updateFile')
  return { path, change: change as Update['change'], form, locking, writing }
}

export function* update(job: Update): Steps<unknown> {
  for (;;) {
    const lock = yield* lockingFor(job)
    const hold = yield* acquire(lock)
    const answer = yield* whileHeld(hold, () => updateLocked(job, lock.path, hold))
    if (answer !== moved) return answer
  }
}

/** The lock of the file that the name leads to, so that two links to one file are one. */
function* lockingFor({ path, locking }: Update): Steps<Locking> {
  try {
    return asLocking(yield* leadsTo(path), locking, 'updateFile')
  } catch (error) {
    if (!isTimeout(error)) throw error
    // The first call had to wait for its turn: that was waiting for the lock.
    const lock = asLocking(yield* leadsTo(path), locking, 'updateFile')
    const holder = yield* holderOf(lock)
    throw holder ? lockHeld(lock, holder, error) : error
  }
}

function* leadsTo(path: string): Steps<string> {
  const { at, there } = yield* resolveLinks(path, true)
  if (there) refuseSpecialFile(at, there)
  return at
}

/** It leads elsewhere by now, to a file with another lock. */
const moved = Symbol('moved')

function* updateLocked({ path, change, form, locking, writing }: Update, at: string, hold: Hold): Steps<unknown> {
  if ((yield* leadsTo(path)) !== at) return moved
  const { bytes } = yield* achieve(() => read(at), noEvidence, {
    as: 'updateFile',
    path: at,
    retryFor: locking.retryFor,
  })
  const old = form(bytes, at)
  const beganMs = yield* fs.now()
  const answer = change(old.value)
  const next = yield* attended(hold, answer)
  if (next === undefined) {
    old.assertUnchanged()
    return old.value
  }
  const data = old.encode(next)
  // Whoever took long finds out here if he was taken for dead, and then writes nothing.
  if (isThenable(answer) || (yield* fs.now()) - beganMs > hold.locking.heartbeatMs) yield* renew(hold)
  yield* writeFile.steps(at, data, writing)
  return next
}

function* read(at: string): Steps<{ readonly bytes: Buffer | undefined }> {
  try {
    return { bytes: yield* fs.readFile(at) }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return { bytes: undefined }
    throw error
  }
}
