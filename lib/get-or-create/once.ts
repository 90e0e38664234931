import { refuseSpecialFile, resolveLinks } from '../parts/follow-links.js'
// How `getOrCreate` comes to its result: a look; if that is not enough, the lock, a second look, and the work.

import { systemError } from '../core/errors.js'
import { isInterruption, isTimeout } from '../core/interruption.js'
import type { Stats } from '../core/stats.js'
import { fs, type Steps } from '../core/steps.js'
import { acquireInTime, tryAcquire } from '../lock/acquire.js'
import { attended, type Hold, type Locking, renew, whileHeld } from '../lock/hold.js'
import { holderOf, lockHeld } from '../lock/holder.js'
import { achieve, noEvidence } from '../parts/achieve.js'
import { finishAnyway, tidy } from '../parts/cleanup.js'
import { silently } from '../parts/delete-tree.js'
import { syncName } from '../parts/durable.js'
import { sameInode } from '../parts/identity.js'
import { type Aside, deleteSetAside } from '../parts/set-aside.js'
import { type Producing, produce, whileStaged } from './produce.js'
import { publishDirectory, publishFile, type Target } from './publish.js'

export interface Making extends Producing {
  readonly path: string
  readonly validate: ((path: string) => boolean | PromiseLike<boolean>) | undefined
  readonly refresh: boolean
  readonly wait: boolean
  /** The lock of what is at a path. */
  readonly locking: (at: string) => Locking
  /** What was there when the call began. */
  first: Target | undefined
}

/** Returns whether this very call made it. */
export function* makeOnce(job: Making, thread: Thread | undefined): Steps<boolean> {
  for (;;) {
    const now = yield* statTarget(job)
    const good = yield* isGoodUnlocked(job, now)
    // Remember what was there at the start: with `refresh`, a different inode means another process has refreshed it.
    job.first ??= now
    if (good) return false
    const locking = job.locking(now.at)
    if (job.wait && thread && (yield* hasWaited(locking, thread))) continue
    const met = yield* makeLocked(job, locking)
    if (met !== 'moved') return met === 'made'
  }
}

/** What is there, behind all links. Throws at once if that is of the other kind. */
function* statTarget({ path, kind, trial }: Making): Steps<Target> {
  const target = yield* achieve(() => resolveLinks(path, true), noEvidence, trial)
  const { at, there } = target
  if (there && kind === 'file') refuseSpecialFile(at, there)
  if (there && kind === 'directory' && !there.isDirectory())
    throw systemError('ENOTDIR', 'open', 'what has the name is not a directory', at)
  return target
}

type Wait = <T>(answer: T | PromiseLike<T>) => Steps<Awaited<T>>

function* isGood({ path, refresh, validate, first }: Making, { there }: Target, wait: Wait): Steps<boolean> {
  if (!there) return false
  if (refresh && (!first || isSame(first.there, there))) return false
  return !validate || (yield* wait(validate(path))) !== false
}

/** The numbers of inodes are used again, so their time of birth is compared, too. */
const isSame = (a: Stats | undefined, b: Stats): boolean => sameInode(a, b) && a?.birthtimeNs === b.birthtimeNs

/** Without the lock, it may be replaced while `validate` reads it: an error that this causes shows again under the lock. */
function* isGoodUnlocked(job: Making, now: Target): Steps<boolean> {
  try {
    return yield* isGood(job, now, fs.settle)
  } catch (error) {
    if (isInterruption(error)) throw error
    return false
  }
}

/** What the calls of one thread know of each other. Only a driver has it: to an algorithm all callers are other processes. */
export interface Thread {
  /** What the call must wait for, once. */
  readonly before: (locking: Locking) => Promise<unknown> | undefined
}

function* hasWaited(locking: Locking, thread: Thread): Steps<boolean> {
  const before = thread.before(locking)
  if (before) yield* namingHolder(locking, fs.settle(before))
  return before !== undefined
}

/** If the time-out ends the wait, the error says who holds the lock. */
function* namingHolder<T>(locking: Locking, steps: Steps<T>): Steps<T> {
  try {
    return yield* steps
  } catch (error) {
    const holder = isTimeout(error) ? yield* holderOf(locking) : undefined
    throw holder ? lockHeld(locking, holder, error) : error
  }
}

/** `moved`: the world has changed since the look, so look again. */
type Met = 'made' | 'there' | 'moved'

function* makeLocked(job: Making, locking: Locking): Steps<Met> {
  // No last try after the time-out, as `lock` makes one: no time would be left to produce in.
  const hold = job.wait ? yield* namingHolder(locking, acquireInTime(locking)) : yield* tryAcquire(locking)
  if (!hold) throw lockHeld(locking, yield* holderOf(locking), undefined)
  const replaced: Aside[] = []
  let met: Met | undefined
  try {
    return yield* whileHeld(hold, function* () {
      met = yield* make(job, hold, replaced)
      return met
    })
  } catch (error) {
    // A lock that was lost before it was made costs nothing: another process makes it, or has. After that it changes nothing.
    if (hold.over === 'lost' && !isInterruption(error)) return met ?? 'moved'
    throw error
  } finally {
    // After the release, so that no other caller waits for it.
    for (const old of replaced) yield* finishAnyway(() => tidy(deleteSetAside(old, silently(), job.trial)))
  }
}

function* make(job: Making, hold: Hold, replaced: Aside[]): Steps<Met> {
  const now = yield* statTarget(job)
  const { path: at, dir } = hold.locking
  // A link leads elsewhere now, where there is another lock.
  if (job.locking(now.at).dir !== dir) return 'moved'
  if (yield* isGood(job, now, answer => attended(hold, answer))) return 'there'
  const target = { at, there: now.there }
  return yield* whileStaged(at, job, function* (stage): Steps<Met> {
    const was = yield* produce(job, stage.path, hold)
    // If another process has taken the lock over meanwhile, this throws, and nothing is published.
    yield* renew(hold)
    const mine = yield* job.kind === 'file'
      ? publishFile(job, target, stage)
      : publishDirectory(job, target, stage, was, replaced)
    if (!mine) return 'moved'
    yield* syncName(at, job.durability)
    return 'made'
  })
}
