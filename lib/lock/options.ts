import { resolve } from 'node:path'
import { registry } from '../core/disk.js'
import { asFlag, asName, asNumber, asPath, refusal } from '../core/input.js'
import { asParents, withParents } from '../parts/parents.js'
import { asLabel } from './holder/note.js'
import type { Waiting } from './holder/seen.js'
import type { Locking, Sharing } from './job.js'
import { asForeign } from './place/foreign.js'
import { asLockMode } from './place/rights.js'
import { type PlaceOptions, placeOf } from './place.js'
import { asWait } from './turn/waiting.js'

/** What all functions take that take a lock. */
export interface LockingOptions extends PlaceOptions {
  /**
   * How long (ms) this holder may go without a heartbeat before those that cannot judge it, on another machine or in
   * another container, take its lock over. It is kept with the lock: what those have for theirs does not matter.
   * @default 15_000
   */
  readonly stale?: number | undefined
  /** Milliseconds between heartbeats; less than `stale`. @default a third of `stale` */
  readonly heartbeat?: number | undefined
  /**
   * What those see that find the lock held (`lock.holder`, `ERR_LOCK_HELD`): a text of at most 200 characters. It is
   * written into a file beside the lock while that is held, if that can be done. @default none, and no file
   */
  readonly label?: string | undefined
  /**
   * Called when the call finds the lock held, or finds that it must wait for its turn behind others of its thread; and then
   * every second for as long as it waits. Gets the `holder`, `since` when that has the lock (ms since 1970; undefined if
   * unknown), and for how many ms the call has `waited`. An error that it throws ends the call; a promise that it returns
   * is waited for (not in the sync form).
   */
  readonly onWait?: ((waiting: Waiting) => unknown) | undefined
  /**
   * For paths that other packages lock as well, by an empty directory of the same name, as proper-lockfile does: how long
   * (ms) theirs must be unchanged until it is taken over, which must be longer than they take to show that its holder
   * lives. `Infinity`: never. A new lock is then made by `mkdir`, as theirs are, so that only one of both succeeds. Not
   * promised in Deno, on exFAT and on Windows: they must not remove it in the moment in which it is made.
   * `{ stale: ms }`: that, or by their own rule, as soon as the directory's mtime is older than that on this machine's clock.
   * @default theirs is waited for; but one that they make in the moment in which this call makes its own may be replaced
   */
  readonly foreign?: number | { readonly stale: number } | undefined
  /** Makes missing directories above the lock. @default false */
  readonly parents?: boolean | undefined
}

export interface LockOptions extends LockingOptions {
  /**
   * Permission bits of a new lock, a directory in which its holders rename a file: a number, or an octal string. The
   * umask does not matter. @default all users that may write the directory above may use the lock, and no others; as root,
   * its owner is that of the directory above
   */
  readonly mode?: number | string | undefined
}

/** How a lock is held, besides all that `updateFile` and `getOrCreate` take, too. */
export interface SharingOptions extends LockOptions {
  /**
   * Others may hold the lock at the same time, if they share it, too: many read, or one writes. A call without this option
   * has it alone. Tasks of one thread share one slot: the second joins the first, unless another call waits to have the lock
   * alone. `lock.shared(path)` is short for this. @default false
   */
  readonly shared?: boolean | undefined
  /**
   * How many may hold the lock at the same time, from 1 to 1000. While one holds it, a call that asks for another number is
   * refused (`ERR_LOCK_MISMATCH`); then the number may change. Each has a slot of its own, `lease.slot`, whose fence grows
   * with each holder of that slot; `lease.previous` is about the slot, too. @default one, alone
   */
  readonly holders?: number | undefined
}

const mostHolders = 1000

function asSharing({ shared, holders }: SharingOptions): Sharing | undefined {
  const isShared = asFlag(shared, 'options.shared')
  if (holders === undefined) return isShared ? 'shared' : undefined
  if (isShared) throw refusal('ERR_INVALID_ARG_VALUE', 'options.holders', 'left out beside options.shared', holders)
  if (asNumber(holders, 'options.holders', 1, 1) > mostHolders || !Number.isInteger(holders))
    throw refusal('ERR_OUT_OF_RANGE', 'options.holders', `an integer from 1 to ${mostHolders}`, holders)
  return { holders }
}

/** The locking of `lock` and `withLock`. */
export function asSharedLocking(path: string | URL, options: SharingOptions, as: string): Locking {
  const sharing = asSharing(options)
  const locking = asLocking(path, options, as)
  return sharing ? { ...locking, sharing } : locking
}

/** `around` is known when the call is made; later, another call may have resumed it. */
export function asLocking(
  path: string | URL,
  options: LockOptions,
  as: string,
  around: readonly string[] = registry.around(),
): Locking {
  const at = asName(path, 'path')
  const staleMs = asNumber(options.stale, 'options.stale', 15_000, 1)
  const heartbeatMs = asNumber(options.heartbeat, 'options.heartbeat', staleMs / 3, 0.1)
  if (heartbeatMs >= staleMs && staleMs < Number.POSITIVE_INFINITY)
    throw refusal('ERR_OUT_OF_RANGE', 'options.heartbeat', `less than options.stale, which is ${staleMs}`, heartbeatMs)
  const { dir, lockDir } = placeOf(at, options)
  const parents = asParents(options.parents)
  const create: Locking['create'] = (cell, steps) => withParents(cell, parents, steps)
  const trial = { as, path: at, retryFor: options.retryFor }
  const label = asLabel(options.label, dir)
  const wait = asWait(options.onWait)
  return {
    path: at,
    shown: at,
    dir,
    lockDir,
    staleMs,
    heartbeatMs,
    label,
    wait,
    foreign: asForeign(options.foreign),
    mode: asLockMode(options.mode),
    parents,
    create,
    trial,
    around,
  }
}

/**
 * The queue in which the calls of one thread for one lock wait for their turn. A call inside the work of another hold does
 * not queue: whatever it waits for might wait for that. By another spelling, what is in front of it may want the very lock
 * that it is inside of.
 */
export const lockTurn = (path: string | URL, options: PlaceOptions = {}): string[] =>
  registry.around().length > 0 ? [] : [placed(resolve(asPath(path, 'path')), options)]

/** The same, of a path below a root. */
export const turnOf = (path: string, options: PlaceOptions = {}): string[] =>
  registry.around().length > 0 ? [] : [resolve(placeOf(path, options).dir)]

/** Beside a path that is resolved, nothing is left to be resolved. */
const placed = (path: string, options: PlaceOptions): string => {
  const { dir } = placeOf(path, options)
  return options.lockPath === undefined && options.lockDir === undefined ? dir : resolve(dir)
}

/** The same lock, for a call that has waited before, for that or another one. */
export const waitingAs = (locking: Locking, wait: Locking['wait']): Locking => (wait ? { ...locking, wait } : locking)
