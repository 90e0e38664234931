// A call that waits for a lock says who holds it: at once, and then every second.

import { asFunction } from '../core/input.js'
import { monotonicMs } from '../core/moment.js'
import { fs, pending, type Steps } from '../core/steps.js'
import { ofUser } from '../parts/cleanup.js'
import { describeHolder, type Holder, holderOf } from './holder.js'
import type { Locking } from './job.js'
import { isHeard, report } from './reports.js'

/** What a call that waits for a lock knows. */
export interface Waiting {
  /** Who holds it. */
  readonly holder: Holder
  /** Since when, as `holder.since` says. */
  readonly since: number | undefined
  /** How long (ms) the call has waited. */
  readonly waited: number
}

/** A call that has somebody to say it to. */
export interface Wait {
  readonly onWait: ((waiting: Waiting) => unknown) | undefined
  readonly beganMs: number
  saidAtMs: number
}

const everyMs = 1000

export function asWait(onWait: unknown): Wait | undefined {
  const given = asFunction(onWait as Wait['onWait'], 'options.onWait')
  if (given === undefined && !isHeard('wait')) return undefined
  return { onWait: given, beganMs: monotonicMs(), saidAtMs: Number.NEGATIVE_INFINITY }
}

/** The lock is held. An error of the caller's function ends the call. */
export function* sayWho(locking: Locking): Steps<void> {
  const { wait } = locking
  if (!wait) return
  const nowMs = yield* fs.now()
  if (nowMs - wait.saidAtMs < everyMs) return
  const holder = yield* holderOf(locking)
  if (!holder) return
  wait.saidAtMs = nowMs
  const waiting: Waiting = { holder, since: holder.since, waited: Math.max(0, Math.round(nowMs - wait.beganMs)) }
  const { as, path } = locking.trial
  const words = `waits for ${path} (${waiting.waited} ms), which is held by ${describeHolder(holder)}`
  report('wait', { function: as, path, ...waiting }, words)
  const { onWait } = wait
  if (onWait) yield* ofUser(() => fs.settle(onWait(waiting)))
}

/** Waits for `turn` among the calls of this thread. */
export function* sayWhoUntil(locking: Locking, turn: PromiseLike<unknown>): Steps<void> {
  do yield* sayWho(locking)
  while ((yield* fs.settle(turn, locking.wait && everyMs)) === pending)
}
