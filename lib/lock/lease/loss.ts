// How a holder gets to know that its lock is lost, or may be.

import type { Hold, Locking } from '../job.js'
import { leaseLost } from '../own-state.js'
import { followLoss } from '../whole.js'
import { leaseStaleError } from './lease-lost.js'

/** A signal that is aborted as soon as the lock is known to be lost, or may be. */
export function lossSignal(hold: Hold): AbortSignal {
  if (!hold.loss) {
    hold.loss = new AbortController()
    followLoss(hold, hold.loss, lossSignal)
  }
  if (hold.over === 'lost') hold.loss.abort(leaseLost(hold))
  else if (hold.silence) hold.loss.abort(hold.silence)
  return hold.loss.signal
}

/** What has heartbeats, whatever keeps its lock. */
export type Beating = Pick<
  Hold,
  'fence' | 'staleMs' | 'beatMs' | 'over' | 'silence' | 'loss' | 'parts' | 'keepsParts'
> & {
  readonly locking: Pick<Locking, 'heartbeatMs' | 'shown'>
}

/** No heartbeat was made for so long that others may take the lock over. */
export function reportSilence(hold: Beating, cause: unknown): void {
  if (hold.over || hold.silence) return
  hold.silence = leaseStaleError(hold.locking.shown, hold.fence, hold.staleMs, cause)
  hold.loss?.abort(hold.silence)
}
