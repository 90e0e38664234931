// `lock` and its siblings, in all forms: of locks that are found by their paths, and of those below a root
// (../within.ts).

import { type Dual, dual } from '../core/dual.js'
import type { Steps } from '../core/steps.js'
import { asFence, type BreakOptions, breakHold } from './break.js'
import { type Hold, release } from './hold.js'
import { holdersOf } from './holder/holders.js'
import type { Holder } from './holder.js'
import { type Lease, startLease } from './lease.js'
import type { LockOptions, SharingOptions } from './options.js'
import type { PlaceOptions } from './place.js'
import { endUnseen } from './slots.js'
import { type LockWay, obtain, type Paths, sayWhoInQueue, tryObtain, turnsOf } from './wanted.js'

export type { LockWay } from './wanted.js'

/** Takes a lock. */
export interface Locks<P, O> {
  (path: P, options?: O): Promise<Lease>
  /** The same, without a promise: it blocks the thread while it waits. */
  sync(path: P, options?: O): Lease
  /**
   * The same, as steps of a larger algorithm, without heartbeats; `signal` and `timeout` are those of the outermost
   * call.
   */
  steps(path: P, options?: O): Steps<Hold>
  /** Takes the lock if that is possible at once; returns undefined if it is held. */
  readonly try: {
    (path: P, options?: O): Promise<Lease | undefined>
    sync(path: P, options?: O): Lease | undefined
    steps(path: P, options?: O): Steps<Hold | undefined>
  }
}

export interface Lock extends Locks<Paths, SharingOptions> {
  /**
   * Takes the lock together with all others that share it: short for the option `shared`. While it is held, no call has the
   * lock alone. One that waits for that comes before those that want to share it later. A shared lock cannot be turned into
   * one that is had alone: inside its work, that is refused (`ERR_LOCK_HELD`).
   */
  readonly shared: Locks<Paths, LockOptions>
  /** Who holds the lock, or the first of those that hold it together; undefined if it is free. */
  readonly holder: Dual<[path: string | URL, options?: PlaceOptions], Holder | undefined>
  /** All that hold the lock: one, or those that hold it together. */
  readonly holders: Dual<[path: string | URL, options?: PlaceOptions], Holder[]>
  /** Ends a hold by force: that with this fence, and no other. */
  readonly break: Dual<[path: string | URL, options: BreakOptions], void>
}

const untilOver = (hold: Hold): Promise<void> => new Promise(resolve => hold.whenOver.push(resolve))

const leaseIfHeld = (hold: Hold | undefined): Lease | undefined => hold && startLease(hold)

export function lockBy(way: LockWay): Lock {
  const { locking, run } = way
  const holders = dual(function lockHolders(path: string | URL, options: PlaceOptions = {}): Steps<Holder[]> {
    return run(holdersOf(locking(path, options, 'lock.holders')))
  })
  const holder = dual(function* lockHolder(path: string | URL, options: PlaceOptions = {}): Steps<Holder | undefined> {
    return (yield* run(holdersOf(locking(path, options, 'lock.holder'))))[0]
  })
  const breakLock = dual(function breakLock(
    path: string | URL,
    options: BreakOptions = {} as BreakOptions,
  ): Steps<void> {
    return run(breakHold(locking(path, options, 'lock.break'), asFence(options.fence)))
  })
  const locks = locksBy(way)
  return Object.assign(locks, { shared: sharedBy(locks), holder, holders, break: breakLock })
}

function locksBy(way: LockWay): Locks<Paths, SharingOptions> {
  const { run, noteHold, circle } = way
  function* noting<T extends Hold | undefined>(steps: Steps<T>): Steps<T> {
    const hold = yield* steps
    if (hold) noteHold?.(hold)
    return hold
  }
  const noted = noteHold ? noting : <T>(steps: Steps<T>) => steps
  function* giveBack(hold: Hold | undefined): Steps<void> {
    if (!hold) return
    // Its caller has gone, and knows nothing of it.
    endUnseen(hold)
    yield* run(release(hold))
  }
  const turns = (paths: Paths, options?: unknown) => turnsOf(way, paths, options)
  // They return the steps instead of running them, because each generator in between costs as much as half a call.
  // Steps are for algorithms, in which players stand for processes: those join nothing.
  const take = dual(
    function lock(paths: Paths, options: SharingOptions = {}): Steps<Hold> {
      return noted(run(obtain(way, paths, options, 'lock', circle)))
    },
    {
      turns,
      until: untilOver,
      giveBack,
      whileQueued: (turn, paths, options = {}) => sayWhoInQueue(way, turn, paths, options, 'lock'),
    },
  )
  const takeAlone = dual(function lock(paths: Paths, options: SharingOptions = {}): Steps<Hold> {
    return noted(run(obtain(way, paths, options, 'lock')))
  })
  const tryTake = dual(
    function tryLock(paths: Paths, options: SharingOptions = {}): Steps<Hold | undefined> {
      return noted(run(tryObtain(way, paths, options, 'lock.try', circle)))
    },
    { giveBack },
  )
  const tryAlone = dual(function tryLock(paths: Paths, options: SharingOptions = {}): Steps<Hold | undefined> {
    return noted(run(tryObtain(way, paths, options, 'lock.try')))
  })
  return Object.assign(async (paths: Paths, options?: SharingOptions) => startLease(await take(paths, options)), {
    sync: (paths: Paths, options?: SharingOptions) => startLease(take.sync(paths, options)),
    steps: takeAlone.steps,
    try: Object.assign(async (paths: Paths, options?: SharingOptions) => leaseIfHeld(await tryTake(paths, options)), {
      sync: (paths: Paths, options?: SharingOptions) => leaseIfHeld(tryTake.sync(paths, options)),
      steps: tryAlone.steps,
    }),
  })
}

function sharedBy(locks: Locks<Paths, SharingOptions>): Locks<Paths, LockOptions> {
  return Object.assign((paths: Paths, options?: LockOptions) => locks(paths, shared(options)), {
    sync: (paths: Paths, options?: LockOptions) => locks.sync(paths, shared(options)),
    steps: (paths: Paths, options?: LockOptions) => locks.steps(paths, shared(options)),
    try: Object.assign((paths: Paths, options?: LockOptions) => locks.try(paths, shared(options)), {
      sync: (paths: Paths, options?: LockOptions) => locks.try.sync(paths, shared(options)),
      steps: (paths: Paths, options?: LockOptions) => locks.try.steps(paths, shared(options)),
    }),
  })
}

/** What is no object is refused where all options are checked. */
const shared = (options: LockOptions = {}): SharingOptions =>
  typeof options === 'object' && options !== null ? { ...options, shared: true } : options
