import { resolve } from 'node:path'
import { asName, asNumber, asPath, type Patience, refusal } from '../core/input.js'
import { asParents, withParents } from '../parts/parents.js'
import type { Locking } from './hold.js'

export interface LockOptions extends Patience {
  /**
   * How long (ms) this holder may go without a heartbeat before those that cannot judge it, on another machine or in
   * another container, take its lock over. It is kept with the lock: what those have for theirs does not matter.
   * @default 15_000
   */
  readonly stale?: number | undefined
  /** Milliseconds between heartbeats; less than `stale`. @default a third of `stale` */
  readonly heartbeat?: number | undefined
  /** Makes missing directories above the lock. @default false */
  readonly parents?: boolean | undefined
}

export function asLocking(path: string | URL, options: LockOptions, as: string): Locking {
  const at = asName(path, 'path')
  const staleMs = asNumber(options.stale, 'options.stale', 15_000, 1)
  const heartbeatMs = asNumber(options.heartbeat, 'options.heartbeat', staleMs / 3, 0.1)
  if (heartbeatMs >= staleMs && staleMs < Number.POSITIVE_INFINITY)
    throw refusal('ERR_OUT_OF_RANGE', 'options.heartbeat', `less than options.stale, which is ${staleMs}`, heartbeatMs)
  const dir = `${at}.lock`
  const parents = asParents(options.parents)
  const create: Locking['create'] = steps => withParents(dir, parents, steps)
  return { path: at, dir, staleMs, heartbeatMs, parents, create, trial: { as, path: at, retryFor: options.retryFor } }
}

/** The queue in which the calls of one thread for one lock wait for their turn. */
export const lockTurn = (path: string | URL): string[] => [`${resolve(asPath(path, 'path'))}.lock`]
