// The user's function at work: it is waited for, and the claims are kept alive meanwhile.

import { isInterruption } from '../../core/interruption.js'
import { fs, pending, type Steps } from '../../core/steps.js'
import { longestTimerMs } from '../../core/wait.js'
import { beat, type Held } from '../claim.js'
import type { Entry } from '../contract.js'
import { asTtl } from '../expiry.js'
import { claimLost } from './errors.js'
import type { Task } from './options.js'

/** What says to a user's function that its result is not wanted any more. Made when it is first asked for. */
export class Stop {
  #controller: AbortController | undefined
  #reason: { readonly error: unknown } | undefined

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#reason) this.#controller.abort(this.#reason.error)
    return this.#controller.signal
  }

  end(error: unknown): void {
    this.#reason ??= { error }
    this.#controller?.abort(error)
  }
}

/** What the function of one call gets. */
export class OwnTask<T> implements Task<T> {
  readonly stop = new Stop()
  readonly key: string
  readonly fence: number
  readonly previous: Entry<T> | undefined
  ttlMs: number

  constructor(key: string, held: Held | undefined, previous: Entry<T> | undefined, ttlMs: number) {
    this.key = key
    this.fence = held?.claim.fence ?? 0
    this.previous = previous
    this.ttlMs = ttlMs
  }

  get signal(): AbortSignal {
    return this.stop.signal
  }

  ttl(ms: number): void {
    this.ttlMs = asTtl(ms, 'ms')
  }
}

/** How the work has ended, and the abort or the time-out that came while it went on. */
export type Ending<T> = ({ readonly value: T } | { readonly error: unknown }) & { readonly interruption: unknown }

/**
 * Runs the work, and makes the heartbeats of the claims meanwhile. If the call is stopped, the work is asked to end, and
 * waited for all the same: what it makes may be the only one there is, as a token that was exchanged for another.
 */
export function* attended<T>(
  work: () => T | PromiseLike<T>,
  helds: readonly Held[],
  stop: Stop,
): Steps<Ending<Awaited<T>>> {
  const leaseMs = Math.min(...helds.map(({ claim }) => claim.leaseMs))
  let interruption: unknown
  let returned: { readonly value: T | PromiseLike<T> } | undefined
  for (;;) {
    try {
      returned ??= { value: work() }
      const value = yield* fs.settle(returned.value, Math.min(leaseMs / 3, longestTimerMs))
      if (value !== pending) return { value, interruption }
      for (const held of helds) yield* beatOf(held, stop)
    } catch (error) {
      if (!isInterruption(error) || interruption) return { error, interruption }
      interruption = error
      stop.end(error)
    }
  }
}

/** A heartbeat that fails is followed by another. */
function* beatOf(held: Held, stop: Stop): Steps<void> {
  try {
    yield* beat(held)
  } catch (error) {
    if (isInterruption(error)) throw error
  }
  if (held.lost === 'taken') stop.end(claimLost(held.place.key, held.claim))
}
