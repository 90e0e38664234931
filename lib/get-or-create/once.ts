// How `getOrCreate` comes to what it answers: a look, and if that is not enough, the lock, a second look, and the work.

import { isInterruption, isTimeout } from '../core/deadline.js'
import { systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, type Steps } from '../core/steps.js'
import { attempt, waitFor } from '../lock/acquire.js'
import { attended, type Hold, type Locking, quietly, release, renew } from '../lock/hold.js'
import { holderOf, isHeld } from '../lock/holder.js'
import { achieve, inPeace, noEvidence, tidy, toTheEnd } from '../parts/achieve.js'
import { same } from '../parts/claim.js'
import { syncName } from '../parts/durable.js'
import { found, refuseOddities } from '../parts/follow-links.js'
import { deleteAside, type Outgoing } from '../remove.js'
import { type Producing, produced, quiet, whileStaged } from './produce.js'
import { publishDirectory, publishFile, type Target } from './publish.js'

/** A call under way. */
export interface Making extends Producing {
  readonly path: string
  readonly validate: ((path: string) => boolean | PromiseLike<boolean>) | undefined
  readonly refresh: boolean
  readonly wait: boolean
  /** The lock of what is at a path. */
  readonly locking: (at: string) => Locking
  /** What was there when it began. */
  first: Target | undefined
}

/** Answers whether this very call made it. */
export function* makeOnce(job: Making, thread: Thread | undefined): Steps<boolean> {
  for (;;) {
    const now = yield* look(job)
    const good = yield* isGoodAsFarAsSeen(job, now)
    // What it was at first is what others may have replaced meanwhile.
    job.first ??= now
    if (good) return false
    const locking = job.locking(now.at)
    if (job.wait && thread && (yield* hasWaited(locking, thread))) continue
    const met = yield* locked(job, locking)
    if (met !== 'moved') return met === 'made'
  }
}

/** What is there, behind all links. It is an error at once if that is of the other kind. */
function* look({ path, kind, trial }: Making): Steps<Target> {
  const target = yield* achieve(() => found(path, true), noEvidence, trial)
  const { at, there } = target
  if (there && kind === 'file') refuseOddities(at, there)
  if (there && kind === 'directory' && !there.isDirectory())
    throw systemError('ENOTDIR', 'open', 'something else than a directory has the name', at)
  return target
}

type Wait = <T>(answer: T | PromiseLike<T>) => Steps<Awaited<T>>

function* isGood({ path, refresh, validate, first }: Making, { there }: Target, wait: Wait): Steps<boolean> {
  if (!there) return false
  if (refresh && (!first || isSame(first.there, there))) return false
  return !validate || (yield* wait(validate(path))) !== false
}

/** Numbers of inodes are used again, so their birth is looked at, too. */
const isSame = (a: Stats | undefined, b: Stats): boolean => same(a, b) && a?.birthtimeNs === b.birthtimeNs

/** While nobody is kept out, it may be replaced while it is read: what is thrown then is found out again under the lock. */
function* isGoodAsFarAsSeen(job: Making, now: Target): Steps<boolean> {
  try {
    return yield* isGood(job, now, fs.settle)
  } catch (error) {
    if (isInterruption(error)) throw error
    return false
  }
}

/** What those of one thread know of one another. It belongs to who drives: to an algorithm all are strangers. */
export interface Thread {
  /** What is to be waited for, once in a call. */
  readonly before: (locking: Locking) => Promise<unknown> | undefined
}

function* hasWaited(locking: Locking, thread: Thread): Steps<boolean> {
  const before = thread.before(locking)
  if (before) yield* inTime(locking, fs.settle(before))
  return before !== undefined
}

/** Who waits in vain is told for whom. */
function* inTime<T>(locking: Locking, steps: Steps<T>): Steps<T> {
  try {
    return yield* steps
  } catch (error) {
    const holder = isTimeout(error) ? yield* holderOf(locking) : undefined
    throw holder ? isHeld(locking, holder, error) : error
  }
}

/** `moved`: the world is another than it was taken for. */
type Met = 'made' | 'there' | 'moved'

function* locked(job: Making, locking: Locking): Steps<Met> {
  // Not after a last try when the time is over: then there is none left to produce in.
  const hold = job.wait ? yield* inTime(locking, waitFor(locking)) : yield* attempt(locking)
  if (!hold) throw isHeld(locking, yield* holderOf(locking), undefined)
  const outgoing: Outgoing[] = []
  try {
    return yield* whileHeld(hold, make(job, hold, outgoing))
  } finally {
    // Nobody need wait for that.
    for (const old of outgoing) yield* toTheEnd(() => tidy(deleteAside(old, quiet, job.trial)))
  }
}

function* whileHeld(hold: Hold, steps: Steps<Met>): Steps<Met> {
  let met: Met
  try {
    met = yield* steps
  } catch (error) {
    yield* inPeace(() => quietly(release(hold)))
    // What was lost with the lock is of no consequence: another makes it, or has.
    if (hold.over === 'lost' && !isInterruption(error)) return 'moved'
    throw error
  }
  try {
    yield* toTheEnd(() => release(hold))
  } catch (error) {
    // Taken over after the deed: that changes nothing.
    if (hold.over !== 'lost') throw error
  }
  return met
}

function* make(job: Making, hold: Hold, outgoing: Outgoing[]): Steps<Met> {
  const now = yield* look(job)
  const { path: at, dir } = hold.locking
  // A link leads elsewhere by now, where there is another lock.
  if (job.locking(now.at).dir !== dir) return 'moved'
  if (yield* isGood(job, now, answer => attended(hold, answer))) return 'there'
  const target = { at, there: now.there }
  return yield* whileStaged(at, job, function* (stage): Steps<Met> {
    const was = yield* produced(job, stage.path, hold)
    // Whoever has been robbed while he worked finds out here, and publishes nothing.
    yield* renew(hold)
    const mine = yield* job.kind === 'file'
      ? publishFile(job, target, stage)
      : publishDirectory(job, target, stage, was, outgoing)
    if (!mine) return 'moved'
    yield* syncName(at, job.durability)
    return 'made'
  })
}
