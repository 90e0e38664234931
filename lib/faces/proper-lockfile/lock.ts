// How a lock is taken, and tried again, and given back: one text for both forms.

import { isNotACell } from '../../cell/transition.js'
import { rescued } from '../../core/around.js'
import type { Door } from '../../core/door.js'
import { drive } from '../../core/drive.js'
import { hasCode, systemError } from '../../core/errors.js'
import { epochMs } from '../../core/moment.js'
import { fs, type Steps } from '../../core/steps.js'
import { setTimeout } from '../../core/timers.js'
import { type Hold, release, renew } from '../../lock/hold.js'
import { DroppedLeases } from '../../lock/lease/dropped.js'
import { heartbeatsOf } from '../../lock/lease/heartbeats.js'
import { isLeaseLost } from '../../lock/lease/lease-lost.js'
import { lock } from '../../lock.js'
import { isFresh, placeOf } from './check.js'
import { errorOf } from './errors.js'
import { enter, find, type Held, leave, whenLost } from './held.js'
import { type Asked, type AskedLock, canonical } from './options.js'
import { pauseAfter } from './pauses.js'

/** Takes the lock, and tries again as often as is asked for, whatever has failed. */
export function* acquire(asked: AskedLock, door: Door): Steps<Held> {
  const file = yield* canonical(asked)
  // Usually that is all.
  const beganMs = asked.pauses.each.length > 0 ? yield* fs.now() : 0
  const first = yield* attempt(file, asked)
  const hold = first instanceof Error ? yield* tryAgain(first, beganMs, file, asked) : first
  return keep(hold, file, asked, door)
}

function* tryAgain(first: Error, beganMs: number, file: string, asked: AskedLock): Steps<Hold> {
  const failures = new Map<string, { error: Error; count: number }>()
  let result: Hold | Error = first
  for (let attempts = 1; result instanceof Error; attempts++) {
    failures.set(result.message, { error: result, count: (failures.get(result.message)?.count ?? 0) + 1 })
    const ms = pauseAfter(attempts, asked.pauses)
    if (ms === undefined || (yield* fs.now()) - beganMs >= asked.pauses.mostMs) throw mostFrequent(failures.values())
    yield* fs.settle(pause(ms, asked.pauses.unref))
    result = yield* attempt(file, asked)
  }
  return result
}

/** Of several, the last. */
const mostFrequent = (failures: Iterable<{ readonly error: Error; readonly count: number }>): Error =>
  [...failures].reduce((most, next) => (next.count >= most.count ? next : most)).error

/** An empty directory is a lock of proper-lockfile, and stale when that says so. */
function attempt(file: string, asked: AskedLock): Steps<Hold | Error> {
  const { staleMs, updateMs } = asked
  const lockPath = placeOf(file, asked)
  return rescued<Hold | Error | undefined>(
    () => lock.try.steps(file, { lockPath, stale: staleMs, heartbeat: updateMs, foreign: { stale: staleMs } }),
    function* (error) {
      if (!(error instanceof Error)) throw error
      // What is there is no lock of either package, so it is never taken over.
      if (isNotACell(error) && (yield* isFresh(lockPath, staleMs))) return errorOf('ELOCKED', { file, cause: error })
      return error
    },
    hold => hold ?? errorOf('ELOCKED', { file }),
  ) as Steps<Hold | Error>
}

/** Begins the heartbeats of those that are held for longer than a moment. They are all in the table, so none is dropped. */
const leases = new DroppedLeases<Hold>(
  ({ locking }) => locking.path,
  async () => {},
  '',
)

function keep(hold: Hold, file: string, asked: AskedLock, door: Door): Held {
  const held: Held = { file, lockfilePath: asked.lockfilePath, hold, door, isOver: false }
  const at = placeOf(file, asked)
  const beats = heartbeatsOf(hold, one => drive(asked.isWatched ? watchedBeat(one, at) : renew(one), { door }))
  enter(held)
  // Nothing else than a heartbeat finds out that it is lost, but its release, which says so itself.
  const begin = () => {
    whenLost(held, compromise)
    return beats.begin()
  }
  const compromise = (reason: Error) => {
    // This process lives, so what it holds, and may not know to be lost, is not taken over by others: it is given back.
    if (!hold.over) drive(release(hold, { remove: true }), { door }).catch(() => {})
    asked.onCompromised(errorOf('ECOMPROMISED', { cause: reason, message: whatFailed(reason, hold, at) }))
  }
  leases.watch(held, hold, { everyMs: beats.everyMs, begin })
  return held
}

/** With the calls of proper-lockfile: a filesystem that is given may fail them. */
function* watchedBeat(hold: Hold, at: string): Steps<void> {
  yield* fs.stat(at)
  const seconds = epochMs() / 1000
  yield* fs.utimes(at, seconds, seconds)
  yield* renew(hold)
}

/** The message of what has failed; undefined: it was only too late. */
function whatFailed(reason: unknown, { lost }: Hold, at: string): string | undefined {
  if (lost?.because === 'its directory is gone') return systemError('ENOENT', 'stat', 'the lock is gone', at).message
  const { cause } = reason as Error
  return cause instanceof Error ? cause.message : undefined
}

/** Gives a lock back, unless that was done before, or it is lost. */
export const giveBack = (held: Held): Steps<void> =>
  rescued<void>(
    () => {
      if (!leave(held)) throw errorOf('ERELEASED')
      return release(held.hold, { remove: true })
    },
    // biome-ignore lint/correctness/useYield: it makes no call
    function* (error) {
      // What is to be removed is not there.
      if (hasCode(error, 'ENOENT')) return
      if (!isLeaseLost(error)) throw error
      // What has removed it has done what is wanted.
      if (held.hold.lost?.because !== 'its directory is gone') throw errorOf('ECOMPROMISED', { cause: error })
    },
  )

/** Gives the lock of a file back, whichever part of this process has taken it. */
export function* giveBackOf(asked: Asked): Steps<void> {
  const held = find(yield* canonical(asked), asked.lockfilePath)
  if (!held) throw errorOf('ENOTACQUIRED')
  yield* giveBack(held)
}

/** `unref`: it keeps no process alive. */
const pause = (ms: number, unref: boolean): Promise<void> =>
  new Promise(over => {
    const timer = setTimeout(over, ms)
    if (unref) timer.unref()
  })
