// `lock` and its siblings, in all forms: of locks that are found by their paths, and of those below a root
// (../within.ts).

import { type Dual, dual } from '../core/dual.js'
import type { Patience } from '../core/input.js'
import type { Steps } from '../core/steps.js'
import { acquire, tryAcquire } from './acquire.js'
import { type Hold, type Locking, release } from './hold.js'
import { type Holder, holderOf } from './holder.js'
import { type Lease, startLease } from './lease.js'
import type { LockOptions } from './options.js'

export interface Lock {
  (path: string | URL, options?: LockOptions): Promise<Lease>
  /** The same, without a promise: it blocks the thread while it waits. */
  sync(path: string | URL, options?: LockOptions): Lease
  /**
   * The same, as steps of a larger algorithm, without heartbeats; `signal` and `timeout` are those of the outermost
   * call.
   */
  steps(path: string | URL, options?: LockOptions): Steps<Hold>
  /** Takes the lock if that is possible at once; returns undefined if it is held. */
  readonly try: {
    (path: string | URL, options?: LockOptions): Promise<Lease | undefined>
    sync(path: string | URL, options?: LockOptions): Lease | undefined
    steps(path: string | URL, options?: LockOptions): Steps<Hold | undefined>
  }
  /** Who holds the lock; undefined if it is free. */
  readonly holder: Dual<[path: string | URL, options?: Patience], Holder | undefined>
}

/** How a path comes to its lock. */
export interface LockWay {
  readonly locking: (path: string | URL, options: LockOptions, as: string) => Locking
  /** The queue in which the calls of one thread for one lock wait for their turn. */
  readonly turn: (path: string | URL) => string[]
  /** Runs steps about the lock. */
  readonly run: <T>(steps: Steps<T>) => Steps<T>
  /** Called for each hold that outlives its call. */
  readonly noteHold?: (hold: Hold) => void
}

const untilOver = (hold: Hold): Promise<void> => new Promise(resolve => hold.whenOver.push(resolve))

const leaseIfHeld = (hold: Hold | undefined): Lease | undefined => hold && startLease(hold)

export function lockBy({ locking, turn, run, noteHold }: LockWay): Lock {
  function* noting<T extends Hold | undefined>(steps: Steps<T>): Steps<T> {
    const hold = yield* steps
    if (hold) noteHold?.(hold)
    return hold
  }
  const noted = noteHold ? noting : <T>(steps: Steps<T>) => steps
  function* releaseIfHeld(hold: Hold | undefined): Steps<void> {
    if (!hold) return
    // Its caller has gone, and knows nothing of it.
    hold.endsAs = hold.previous
    yield* run(release(hold))
  }
  // They return the steps instead of running them, because each generator in between costs as much as half a call.
  const acquireHold = dual(
    function lock(path: string | URL, options: LockOptions = {}): Steps<Hold> {
      return noted(run(acquire(locking(path, options, 'lock'))))
    },
    { turns: turn, until: untilOver, giveBack: releaseIfHeld },
  )
  const tryAcquireHold = dual(
    function tryLock(path: string | URL, options: LockOptions = {}): Steps<Hold | undefined> {
      return noted(run(tryAcquire(locking(path, options, 'lock.try'))))
    },
    { giveBack: releaseIfHeld },
  )
  const holder = dual(function lockHolder(path: string | URL, options: Patience = {}): Steps<Holder | undefined> {
    return run(holderOf(locking(path, options, 'lock.holder')))
  })
  return Object.assign(
    async (path: string | URL, options?: LockOptions) => startLease(await acquireHold(path, options)),
    {
      sync: (path: string | URL, options?: LockOptions) => startLease(acquireHold.sync(path, options)),
      steps: acquireHold.steps,
      try: Object.assign(
        async (path: string | URL, options?: LockOptions) => leaseIfHeld(await tryAcquireHold(path, options)),
        {
          sync: (path: string | URL, options?: LockOptions) => leaseIfHeld(tryAcquireHold.sync(path, options)),
          steps: tryAcquireHold.steps,
        },
      ),
      holder,
    },
  )
}
