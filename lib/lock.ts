import { type Dual, dual } from './core/dual.js'
import type { Patience } from './core/input.js'
import type { Steps } from './core/steps.js'
import { acquire, tryAcquire } from './lock/acquire.js'
import type { Hold } from './lock/hold.js'
import { type Holder, holderOf } from './lock/holder.js'
import { type Lease, startLease } from './lock/lease.js'
import { asLocking, type LockOptions, lockTurn } from './lock/options.js'

export type { Holder } from './lock/holder.js'
export type { Lease } from './lock/lease.js'
export type { LockOptions } from './lock/options.js'

export interface Lock {
  (path: string | URL, options?: LockOptions): Promise<Lease>
  /** The same, at once: it blocks the thread while it waits. */
  sync(path: string | URL, options?: LockOptions): Lease
  /** The same, as steps of a larger algorithm, without heartbeats; `signal` and `timeout` are those of the outermost call. */
  steps(path: string | URL, options?: LockOptions): Steps<Hold>
  /** Takes the lock if that is possible at once; undefined if it is held. */
  readonly try: {
    (path: string | URL, options?: LockOptions): Promise<Lease | undefined>
    sync(path: string | URL, options?: LockOptions): Lease | undefined
    steps(path: string | URL, options?: LockOptions): Steps<Hold | undefined>
  }
  /** Who holds it; undefined if nobody does. */
  readonly holder: Dual<[path: string | URL, options?: Patience], Holder | undefined>
}

const untilOver = (hold: Hold | undefined): unknown => hold && new Promise<void>(tell => hold.whenOver.push(tell))

const acquired = dual(
  function* lock(path: string | URL, options: LockOptions = {}): Steps<Hold> {
    return yield* acquire(asLocking(path, options, 'lock'))
  },
  lockTurn,
  untilOver,
)

const attempted = dual(function* tryLock(path: string | URL, options: LockOptions = {}): Steps<Hold | undefined> {
  return yield* tryAcquire(asLocking(path, options, 'lock.try'))
})

const holder = dual(function* lockHolder(path: string | URL, options: Patience = {}): Steps<Holder | undefined> {
  return yield* holderOf(asLocking(path, options, 'lock.holder'))
})

const maybe = (hold: Hold | undefined): Lease | undefined => hold && startLease(hold)

/**
 * Takes a lock, of which there is one for each path, among all threads, processes, containers and machines that see it.
 *
 * Holds afterwards: until the lease is released or lost, nobody else holds the lock of `path`; and `fence` is greater than
 * that of every holder before. A holder that dies in any way holds nothing any more: whoever is on the same machine and in
 * the same pid namespace takes over at once, others after `stale` ms without a heartbeat. A holder that is seen to live is
 * never robbed, however late it is: a laptop may sleep, an event loop be blocked, the clock jump by hours.
 *
 * Not promised: exclusion in real time against a holder elsewhere (another machine, another container) that made no
 * heartbeat for `stale` ms and lives all the same. It is robbed, and learns of it by `lease.signal`, and by `renew` and
 * `release`; what it does until then only the fence keeps out. Nor that a thread may take the same lock twice (it waits
 * for itself), or that the turn among processes is fair: in one thread it is first come, first served.
 *
 * The lock is a directory, `<path>.lock`, which stays; `path` itself need not be there and is not touched. To get rid of
 * the directory, remove it while nobody uses it: the fence begins at 1 again.
 *
 * - `lock.try(path)`: undefined instead of waiting.
 * - `lock.holder(path)`: who holds it (`owner`, `pid`, `fence`, `alive`), or undefined.
 * - `lock.steps(path)`: a hold, for algorithms; `release` of `holdfast/steps` gives it back.
 *
 * @param path A path, or a `file:` URL. Links to directories on the way are followed; a link at its end is another lock.
 * @returns A lease: keep it. `lease.release()`, `await using`, or `withLock` give it back; one that is garbage-collected
 *   is released with a process warning. Its heartbeats keep no process alive, and exiting releases.
 * @throws `ERR_LOCK_HELD` when `timeout` has passed (`cause`; `holder` says who has it), or when the sync form would wait
 *   for its own thread. `ERR_NOT_A_CELL`: another package's lock is there. ENOENT (no directory, and no `parents`),
 *   EACCES, EROFS ... as the system said.
 *
 * @example
 * await using lease = await lock('deploy', { timeout: 30_000 })
 * await deploy({ fence: lease.fence, signal: lease.signal })
 *
 * Source of the protocol: leases with fencing (Gray and Cheriton 1989; Kleppmann 2016) on compare-and-swap of a state.
 */
export const lock: Lock = Object.assign(
  async (path: string | URL, options?: LockOptions) => startLease(await acquired(path, options)),
  {
    sync: (path: string | URL, options?: LockOptions) => startLease(acquired.sync(path, options)),
    steps: acquired.steps,
    try: Object.assign(async (path: string | URL, options?: LockOptions) => maybe(await attempted(path, options)), {
      sync: (path: string | URL, options?: LockOptions) => maybe(attempted.sync(path, options)),
      steps: attempted.steps,
    }),
    holder,
  },
)
