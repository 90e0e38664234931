// The work of `updateFile`: takes the lock of the file that the name leads to, and under it reads, changes and writes.

import { hasCode } from '../core/errors.js'
import { asFunction, asName, refusal } from '../core/input.js'
import { isTimeout } from '../core/interruption.js'
import type { Publication } from '../core/publication.js'
import { fs, type Steps } from '../core/steps.js'
import { isThenable } from '../core/wait.js'
import { acquire } from '../lock/acquire.js'
import { attended, type Hold, inside, type Locking, renew, whileHeld } from '../lock/hold.js'
import { holderOf, lockHeld } from '../lock/holder.js'
import { asLocking } from '../lock/options.js'
import { UnderLock } from '../lock/under-lock.js'
import type { LockOptions } from '../lock.js'
import { achieve, noEvidence } from '../parts/achieve.js'
import { ofUser } from '../parts/cleanup.js'
import { syncName } from '../parts/durable.js'
import { refusePlanted, refuseSpecialFile, resolveLinks } from '../parts/follow-links.js'
import { write } from '../write-file/write.js'
import { asWriting, type WriteFileOptions } from '../write-file.js'
import { asCodec, type Codec } from './codec.js'
import type { UpdateFileOptions } from './options.js'

export type Change = (old: never, work: UnderLock) => unknown

/** A call under way. */
export interface Update {
  readonly path: string
  readonly change: (old: unknown, work: UnderLock) => unknown
  readonly codec: Codec
  readonly locking: LockOptions
  readonly around: readonly string[]
  readonly writing: WriteFileOptions
  readonly publication: Publication
}

export function asUpdate(
  file: string | URL,
  change: Change,
  options: UpdateFileOptions,
  publication: Publication,
): Update {
  const { stale, heartbeat, label, parents, retryFor, mode, durability, inPlace } = options
  const path = asName(file, 'file')
  if (asFunction(change, 'change') === undefined)
    throw refusal('ERR_INVALID_ARG_TYPE', 'change', 'of type function', change)
  const codec = asCodec(options)
  const locking = { stale, heartbeat, label, parents, retryFor }
  const writing = { encoding: codec.encoding, mode, durability, inPlace, parents, retryFor }
  // Bad options are refused now, not only when there is something to write.
  const { around } = asLocking(path, locking, 'updateFile')
  asWriting(path, '', writing, 'updateFile')
  return { path, change: change as Update['change'], codec, locking, around, writing, publication }
}

export function* update(job: Update): Steps<unknown> {
  for (;;) {
    const lock = yield* lockingFor(job)
    const hold = yield* acquire(lock)
    const content = yield* whileHeld(hold, () => updateLocked(job, lock.path, hold))
    if (content !== moved) return content
  }
}

/** The lock of the file that the name leads to, so that all links to one file share it. */
function* lockingFor({ path, locking, around }: Update): Steps<Locking> {
  try {
    return asLocking(yield* resolveFile(path), locking, 'updateFile', around)
  } catch (error) {
    if (!isTimeout(error)) throw error
    // The time-out ended the wait for this call's turn in its thread, and that was a wait for the lock.
    const lock = asLocking(yield* resolveFile(path), locking, 'updateFile', around)
    const holder = yield* holderOf(lock)
    throw holder ? lockHeld(lock, holder, error) : error
  }
}

function* resolveFile(path: string): Steps<string> {
  const { at, there } = yield* resolveLinks(path, true)
  if (there) {
    refuseSpecialFile(at, there)
    yield* refusePlanted(at, there)
  }
  return at
}

/** The name leads elsewhere now, to a file with another lock. */
const moved = Symbol('moved')

function* updateLocked(job: Update, at: string, hold: Hold): Steps<unknown> {
  const { path, change, codec, locking, writing, publication } = job
  if ((yield* resolveFile(path)) !== at) return moved
  const trial = { as: 'updateFile', path: at, retryFor: locking.retryFor }
  const read = yield* achieve(() => readBytes(at), noEvidence, trial)
  if (read === moved) return moved
  const { bytes } = read
  const old = codec(bytes, at)
  const beganMs = yield* fs.now()
  const { returned, next } = yield* makeChange(change, old.value, hold)
  if (next === undefined) {
    old.assertUnchanged()
    return old.value
  }
  const data = old.encode(next)
  // After a long change, this finds out whether the lock is lost. If it is, nothing is written.
  if (isThenable(returned) || (yield* fs.now()) - beganMs > hold.locking.heartbeatMs) yield* renew(hold)
  const one = asWriting(at, data, writing, 'updateFile', publication)
  // The directories above the file were made for the lock.
  const written = yield* write(one)
  if (written !== undefined) yield* syncName(written, one.durability, hold.locking.parents)
  return next
}

/** Calls `change`, and waits for its result. If the call is stopped meanwhile, the signal that it got reports it. */
function* makeChange(
  change: Update['change'],
  old: unknown,
  hold: Hold,
): Steps<{ readonly returned: unknown; readonly next: unknown }> {
  const work = new UnderLock(hold)
  try {
    return yield* ofUser(function* () {
      const returned = inside(hold, () => change(old, work))
      return { returned, next: yield* attended(hold, returned) }
    })
  } catch (error) {
    work.end(error)
    throw error
  }
}

function* readBytes(at: string): Steps<{ readonly bytes: Buffer | undefined } | typeof moved> {
  try {
    return { bytes: yield* fs.readFile(at, 'r nofollow') }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return { bytes: undefined }
    // Since the look, a link has come there.
    if (hasCode(error, 'ELOOP')) return moved
    throw error
  }
}
