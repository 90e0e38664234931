// How `getOrCreate` comes to its result: a look; if that finds nothing good, the lock, a second look, and the work.

import { resolve } from 'node:path'
import { systemError } from '../core/errors.js'
import { isInterruption, isTimeout } from '../core/interruption.js'
import type { LatePlace } from '../core/queue.js'
import type { Stats } from '../core/stats.js'
import type { Steps } from '../core/steps.js'
import { type Hold, type Locking, renew } from '../lock/hold.js'
import { holderOf, lockHeld, outOfTime } from '../lock/holder.js'
import { acquireInTime, tryAcquire } from '../lock/obtain.js'
import { settlePlace } from '../lock/place.js'
import { sayWhoUntil } from '../lock/turn/waiting.js'
import { whileHeld } from '../lock/while-held.js'
import { achieve, noEvidence } from '../parts/achieve.js'
import { cleaningUp, discard } from '../parts/cleanup.js'
import { silently } from '../parts/delete-job.js'
import { syncFound, syncName } from '../parts/durable.js'
import { isOfAnother, refusePlanted, refuseSpecialFile, resolveLinks } from '../parts/follow-links.js'
import { type Aside, deleteSetAside } from '../parts/set-aside.js'
import { clockMs, dateFromNow } from './age.js'
import { isGood, isGoodUnlocked, isPlainlyGood, keepContent } from './good.js'
import type { Making } from './job.js'
import { produce, whileStaged } from './produce.js'
import { publishDirectory, publishFile, type Target } from './publish.js'

/** Returns whether this very call made it. `place` is for its turn among the calls of its thread. */
export function* makeOnce(job: Making, place: LatePlace | undefined): Steps<boolean> {
  for (;;) {
    const target = yield* statTarget(job)
    const good = isPlainlyGood(job, target) || (yield* isGoodUnlocked(job, target))
    // Remember what was there at the start: with `refresh`, a different inode means another process has refreshed it.
    job.first ??= target
    if (good) {
      if (job.reader && !(yield* keepContent(job, target.at, target.there))) continue
      if (job.durability === 'full') yield* syncThere(job, target.at)
      return false
    }
    const locking = job.locking(target.at)
    if (job.wait && place && (yield* hasWaited(place, locking))) continue
    const result = yield* lockAndMake(job, locking)
    if (result === 'there' && job.durability === 'full') yield* syncThere(job, locking.path)
    if (result === 'made' && job.progress) yield* job.progress.finish()
    if (result !== 'moved') return result === 'made'
  }
}

/** What another call made may not be on the disk. The things in a directory are left to the call that made them. */
function* syncThere({ kind, durability }: Making, at: string): Steps<void> {
  if (kind === 'file') yield* syncFound(at, durability)
  yield* syncName(at, durability)
}

/** Returns what is there, behind all links. Throws at once if that is of another kind. */
function* statTarget({ path, kind, trial }: Making): Steps<Target> {
  const target = yield* achieve(() => resolveLinks(path, true), noEvidence, trial)
  const { at, there } = target
  if (there && kind === 'file') refuseSpecialFile(at, there)
  if (there && kind === 'directory' && !there.isDirectory())
    throw systemError('ENOTDIR', 'open', 'what has the name is not a directory', at)
  if (there && isOfAnother(there)) yield* refusePlanted(at, there)
  return target
}

/** The first time, joins the queue of the thread for the lock. Returns whether the call had to wait there. */
function* hasWaited(place: LatePlace, locking: Locking): Steps<boolean> {
  const before = locking.around.length > 0 ? undefined : place.take(resolve(locking.dir))
  if (before) yield* namingHolder(locking, sayWhoUntil([locking], before))
  return before !== undefined
}

/** Runs steps that wait for the lock. If the time-out ends them, the error names the holder. */
function* namingHolder<T>(locking: Locking, steps: Steps<T>): Steps<T> {
  try {
    return yield* steps
  } catch (error) {
    throw isTimeout(error) ? yield* outOfTime(locking, error) : error
  }
}

/** `moved`: the world has changed since the look, so look again. */
type Result = 'made' | 'there' | 'moved'

function* lockAndMake(job: Making, locking: Locking): Steps<Result> {
  if (locking.lockDir !== undefined) yield* settlePlace(locking)
  const hold = job.wait ? yield* namingHolder(locking, acquireInTime(locking)) : yield* tryAcquire(locking)
  if (!hold) throw lockHeld(locking, yield* holderOf(locking), undefined)
  const replaced: Aside[] = []
  let result: Result | undefined
  try {
    return yield* whileHeld(hold, function* () {
      result = yield* makeUnlessGood(job, hold, replaced)
      return result
    })
  } catch (error) {
    // If the lock was lost before there was a result, another call produces one, or has. After that, the loss means
    // nothing.
    if (hold.over === 'lost' && !isInterruption(error)) return result ?? 'moved'
    throw error
  } finally {
    // After the release, so that no other caller waits for this.
    for (const old of replaced) yield* cleaningUp(() => discard(() => deleteSetAside(old, silently(), job.trial)))
  }
}

/** Adds to `replaced` what the caller must delete after the release. */
function* makeUnlessGood(job: Making, hold: Hold, replaced: Aside[]): Steps<Result> {
  const now = yield* statTarget(job)
  const { path: at } = hold.locking
  // A link leads elsewhere now, to a target with another lock.
  if (job.locking(now.at).path !== at) return 'moved'
  if (yield* isGood(job, now, hold)) return (yield* keepContent(job, at, now.there)) ? 'there' : 'moved'
  const target = { at, there: now.there }
  return yield* whileStaged(at, job, function* (stage): Steps<Result> {
    const was = yield* produceDated(job, stage.path, hold)
    // Before it is published: what cannot be read as is wanted never is.
    if (!(yield* keepContent(job, stage.path, was))) return 'moved'
    // If another process has taken the lock over meanwhile, this throws, and nothing is published.
    yield* renew(hold)
    const published = yield* job.kind === 'file'
      ? publishFile(job, target, stage)
      : publishDirectory(job, target, stage, was, replaced)
    if (!published) return 'moved'
    // What was replaced is deleted after this: a power cut must not keep a part of that, and not the new name.
    const durability = replaced.length > 0 && job.durability !== 'none' ? 'full' : job.durability
    yield* syncName(at, durability, hold.locking.parents)
    return 'made'
  })
}

function* produceDated(job: Making, stage: string, hold: Hold): Steps<Stats> {
  if (job.maxAgeMs === undefined) return yield* produce(job, stage, hold)
  const sinceMs = yield* clockMs(hold.locking.path)
  const was = yield* produce(job, stage, hold)
  yield* dateFromNow(stage, was, sinceMs, hold.locking.path)
  return was
}
