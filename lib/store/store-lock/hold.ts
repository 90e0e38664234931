// A lock in a store that this process holds: a claim on its entry. How it is acquired is in ./acquire.ts.

import { isInterruption } from '../../core/interruption.js'
import { monotonicMs } from '../../core/moment.js'
import { fs, type Steps } from '../../core/steps.js'
import type { Beating } from '../../lock/lease/loss.js'
import { uninterruptible } from '../../parts/cleanup.js'
import { holdFor, type Life } from '../../parts/life.js'
import { beat, type Held, releaseOnce } from '../claim.js'
import { leaseLost } from './errors.js'

export interface StoreHold extends Beating {
  readonly held: Held
  readonly key: string
  readonly previous: 'released' | 'died' | 'none'
  /** When it was taken: ms since 1970, on this machine's clock. */
  readonly since: number
  over: Beating['over']
  beatMs: number
  silence: Error | undefined
  loss: AbortController | undefined
  /** Called when the hold is over. */
  readonly whenOver: (() => void)[]
}

export function holdOf(held: Held, previous: StoreHold['previous'], since: number, life: Life): StoreHold {
  const { claim, place } = held
  const hold: StoreHold = {
    held,
    key: place.key,
    fence: claim.fence,
    staleMs: claim.leaseMs,
    locking: { heartbeatMs: claim.leaseMs / 3, shown: place.key },
    previous,
    since,
    over: undefined,
    beatMs: monotonicMs(),
    silence: undefined,
    loss: undefined,
    whenOver: [],
  }
  hold.whenOver.push(holdFor(life, () => release(hold)))
  return hold
}

const lostError = ({ key, fence, over, held }: StoreHold): Error =>
  leaseLost(key, fence, over === 'lost' ? (held.lost ?? 'removed') : undefined)

/** A signal that is aborted as soon as the lock is known to be lost, or may be. */
export function lossSignal(hold: StoreHold): AbortSignal {
  hold.loss ??= new AbortController()
  if (hold.over === 'lost') hold.loss.abort(lostError(hold))
  else if (hold.silence) hold.loss.abort(hold.silence)
  return hold.loss.signal
}

/** One heartbeat: shows that the holder is alive. @throws `ERR_LEASE_LOST` */
export function* renew(hold: StoreHold): Steps<void> {
  if (hold.over) throw lostError(hold)
  const nowMs = monotonicMs()
  yield* beat(hold.held)
  // A heartbeat beside this call may have found the loss first.
  if (hold.over === ('lost' as Beating['over'])) throw lostError(hold)
  // What a release has made of the state meanwhile is no loss.
  if (hold.over) return
  if (hold.held.lost) {
    end(hold, 'lost')
    throw lostError(hold)
  }
  hold.beatMs = nowMs
}

/**
 * Releases the lock, unless that was done before. If it fails, the hold is over as well: it is tried again in the background, and
 * by a second call. @throws `ERR_LEASE_LOST`
 */
export function* release(hold: StoreHold): Steps<void> {
  const { over, held } = hold
  if (over === 'lost') throw lostError(hold)
  if (over === 'released' || over === 'releasing') return
  hold.over = 'releasing'
  try {
    const isDone = yield* uninterruptible(() => releaseOnce(held))
    end(hold, isDone || over === 'abandoned' ? 'released' : 'lost')
  } catch (error) {
    end(hold, isInterruption(error) ? 'released' : 'abandoned')
    if (!isInterruption(error)) yield* fs.later(() => releaseLater(hold))
    throw error
  }
  if (hold.over === ('lost' as Beating['over'])) throw lostError(hold)
}

function* releaseLater(hold: StoreHold): Steps<void> {
  if (hold.over === 'abandoned') yield* release(hold)
}

function end(hold: StoreHold, how: 'released' | 'abandoned' | 'lost'): void {
  hold.over = how
  if (how === 'lost') hold.loss?.abort(lostError(hold))
  for (const notify of hold.whenOver.splice(0)) notify()
}
