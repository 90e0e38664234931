// A call that waits for a lock says who holds it: at once, and then every second.

import { asFunction } from '../../core/input.js'
import { monotonicMs } from '../../core/moment.js'
import { fs, pending, type Steps } from '../../core/steps.js'
import { ofUser } from '../../parts/cleanup.js'
import { describeHolder, holderOf } from '../holder.js'
import type { Locking, Wait } from '../job.js'
import { isHeard, report } from './reports.js'

const everyMs = 1000

/** Does anyone want to know what a call with these options waits for? */
export const isListening = ({ onWait }: { readonly onWait?: unknown }): boolean =>
  onWait !== undefined || isHeard('wait')

export function asWait(onWait: unknown): Wait | undefined {
  const given = asFunction(onWait as Wait['onWait'], 'options.onWait')
  if (!isListening({ onWait })) return undefined
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
  const waiting = { holder, since: holder.since, waited: Math.max(0, Math.round(nowMs - wait.beganMs)) }
  const { as, path } = locking.trial
  const words = `waits for ${path} (${waiting.waited} ms), which is held by ${describeHolder(holder)}`
  report('wait', { function: as, path, ...waiting }, words)
  const { onWait } = wait
  if (onWait) yield* ofUser(() => fs.settle(onWait(waiting)))
}

/** Waits for `turn` among the calls of this thread, of which one holds a lock that the call wants. */
export function* sayWhoUntil(lockings: readonly Locking[], turn: PromiseLike<unknown>): Steps<void> {
  const [{ wait } = { wait: undefined }] = lockings
  for (;;) {
    if (wait) for (const locking of lockings) yield* sayWho({ ...locking, wait })
    const settled = yield* fs.settle(turn, wait ? everyMs : Number.POSITIVE_INFINITY)
    if (settled !== pending) return
  }
}
