// What a call of `lock` or `withLock` wants: the lock of a path, or those of several, alone or shared.

import { refusal } from '../core/input.js'
import type { Steps } from '../core/steps.js'
import type { Hold, Locking } from './job.js'
import { acquire, tryAcquire } from './obtain.js'
import type { SharingOptions } from './options.js'
import type { PlaceOptions } from './place.js'
import { acquireAll, tryAcquireAll } from './several.js'
import { type Circle, share, tryShare } from './slots/circle.js'
import { isListening, sayWhoUntil } from './turn/waiting.js'

/** A path, or several: each a text, or a `file:` URL. */
export type Paths = string | URL | readonly (string | URL)[]

/** How a path comes to its lock. */
export interface LockWay {
  readonly locking: (path: string | URL, options: SharingOptions, as: string) => Locking
  /** The queue in which the calls of one thread for one lock wait for their turn. */
  readonly turn: (path: string | URL, options?: PlaceOptions) => string[]
  /** Runs steps about the lock. */
  readonly run: <T>(steps: Steps<T>) => Steps<T>
  /** Called for each hold that outlives its call. */
  readonly noteHold?: (hold: Hold) => void
  /** What the tasks of this thread share. */
  readonly circle: Circle
}

/** Those that share a lock do not wait for each other. The options are checked already. */
export function turnsOf({ turn }: LockWay, paths: Paths, options: unknown): string[] {
  const { shared, holders } = (options ?? {}) as SharingOptions
  if (shared || holders !== undefined) return []
  const one = (path: string | URL) => turn(path, options as SharingOptions)
  return isList(paths) ? paths.flatMap(one) : one(paths)
}

/** While a call waits for its turn behind others of its thread, it says who holds a lock that it wants. */
export function sayWhoInQueue(
  way: LockWay,
  turn: Promise<unknown>,
  paths: Paths,
  options: SharingOptions,
  as: string,
): Steps<void> | undefined {
  if (!isListening(options)) return undefined
  const lockings = isList(paths) ? lockingsOf(way, paths, options, as) : [way.locking(paths, options, as)]
  return way.run(sayWhoUntil(lockings, turn))
}

/** The steps that take what is wanted. They wait until that is possible. `circle`: what a second hold may join. */
export function obtain(way: LockWay, paths: Paths, options: SharingOptions, as: string, circle?: Circle): Steps<Hold> {
  if (isList(paths)) return acquireAll(lockingsOf(way, paths, options, as))
  const locking = way.locking(paths, options, as)
  return circle && locking.sharing === 'shared' ? share(locking, circle) : acquire(locking)
}

/** The same if that is possible at once. */
export function tryObtain(
  way: LockWay,
  paths: Paths,
  options: SharingOptions,
  as: string,
  circle?: Circle,
): Steps<Hold | undefined> {
  if (isList(paths)) return tryAcquireAll(lockingsOf(way, paths, options, as))
  const locking = way.locking(paths, options, as)
  return circle && locking.sharing === 'shared' ? tryShare(locking, circle) : tryAcquire(locking)
}

const isList = (paths: Paths): paths is readonly (string | URL)[] => Array.isArray(paths)

function lockingsOf(
  { locking }: LockWay,
  paths: readonly (string | URL)[],
  options: SharingOptions,
  as: string,
): readonly Locking[] {
  if (paths.length === 0) throw refusal('ERR_INVALID_ARG_VALUE', 'path', 'a path, or a list of at least one', paths)
  for (const name of ['holders', 'lockPath'] as const)
    if (options[name] !== undefined)
      throw refusal('ERR_INVALID_ARG_VALUE', `options.${name}`, 'left out for several paths', options[name])
  return paths.map(path => locking(path, options, as))
}
