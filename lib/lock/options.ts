import { resolve } from 'node:path'
import { registry } from '../core/disk.js'
import { asName, asNumber, asPath, type Patience, refusal } from '../core/input.js'
import { asParents, withParents } from '../parts/parents.js'
import type { Locking } from './hold.js'
import { asLabel } from './note.js'

export interface LockOptions extends Patience {
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
  /** Makes missing directories above the lock. @default false */
  readonly parents?: boolean | undefined
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
  const dir = `${at}.lock`
  const parents = asParents(options.parents)
  const create: Locking['create'] = steps => withParents(dir, parents, steps)
  const trial = { as, path: at, retryFor: options.retryFor }
  const label = asLabel(options.label, dir)
  return { path: at, shown: at, dir, staleMs, heartbeatMs, label, parents, create, trial, around }
}

/** The queue in which the calls of one thread for one lock wait for their turn. */
export const lockTurn = (path: string | URL): string[] => turnOf(resolve(asPath(path, 'path')))

/**
 * A call inside the work of another hold does not queue: whatever it waits for might wait for that. By another spelling,
 * what is in front of it may want the very lock that it is inside of.
 */
export const turnOf = (path: string): string[] => (registry.around().length > 0 ? [] : [`${path}.lock`])
