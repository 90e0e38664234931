// The heartbeats of a lease, in the background. They keep neither the process alive nor the lease.

import { monotonicMs } from '../core/moment.js'
import { longestTimerMs } from '../core/wait.js'
import { reportSilence } from './hold.js'
import type { Hold } from './job.js'

/** Milliseconds for a heartbeat that could begin only when it was too late already, because the thread was blocked. */
const lastChanceMs = 1000

/** Calls `beat` until the function that is returned is called. If no heartbeat is made for `stale`, the hold reports that. */
export function startHeartbeats(hold: Hold, beat: () => Promise<void>): () => void {
  const { heartbeatMs } = hold.locking
  if (heartbeatMs > longestTimerMs) return () => {}
  let isUnderWay = false
  let doubt: NodeJS.Timeout | undefined
  const leftMs = () => hold.beatMs + hold.staleMs - monotonicMs()
  let cause: unknown
  const check = () => {
    clearTimeout(doubt)
    const ms = leftMs()
    if (ms <= 0) reportSilence(hold, cause)
    else if (ms <= longestTimerMs) doubt = setTimeout(check, ms).unref()
  }
  const begin = () => {
    if (isUnderWay) return
    isUnderWay = true
    // A heartbeat that succeeds late shows that the lock was never lost.
    if (leftMs() > 0) check()
    else doubt = setTimeout(check, lastChanceMs).unref()
    const succeeded = () => {
      isUnderWay = false
      cause = undefined
      clearTimeout(doubt)
    }
    // A heartbeat that fails is followed by another. If the lock is lost, the lease's signal reports it.
    const failed = (error: unknown) => {
      isUnderWay = false
      cause = error
      check()
    }
    beat().then(succeeded, failed)
  }
  const timer = setInterval(begin, heartbeatMs).unref()
  return () => {
    clearInterval(timer)
    clearTimeout(doubt)
  }
}
