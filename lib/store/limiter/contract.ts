import type { Dual } from '../../core/dual.js'
import type { Patience } from '../../core/input.js'
import type { Decision } from './algorithm.js'
import type { HitOptions, PeekOptions } from './options.js'

/** Counts hits by key, among all processes that share the place. Each function has the forms of `Dual`. */
export interface Limiter {
  /** Judges a hit, and counts it if it is allowed. A hit that is denied writes nothing. */
  readonly hit: Dual<[key: string, options?: HitOptions], Decision>
  /** Returns what a hit would get at this moment, and counts nothing. */
  readonly peek: Dual<[key: string, options?: PeekOptions], Decision>
  /**
   * Hits when that is allowed, and waits until then. Calls of this thread for one key wait in turn, first come, first served.
   * What is never allowed is denied at once.
   */
  readonly wait: Dual<[key: string, options?: PeekOptions], Decision>
  /** Counts without asking, also over the limit. Returns what is counted then. */
  readonly inc: Dual<[key: string, by?: number, options?: Patience], number>
  /** Sets what is counted. */
  readonly set: Dual<[key: string, count: number, options?: Patience], void>
  /** Takes back what an allowed hit was counted for. False: its window is over, so there is nothing to take back. */
  readonly refund: Dual<[key: string, decision: Decision, options?: Patience], boolean>
  /** Returns when nothing is counted any more, if no hit comes (ms since 1970); undefined: nothing is counted. */
  readonly expiresAt: Dual<[key: string, options?: Patience], number | undefined>
  /** Forgets what is counted. Returns whether there was anything. */
  readonly reset: Dual<[key: string, options?: Patience], boolean>
  /** Removes the states of keys that are over. Returns how many. */
  readonly sweep: Dual<[options?: Patience], number>
  /** Ends the limiter. A store that was passed in stays open. */
  readonly close: Dual<[options?: Patience], void>
  [Symbol.asyncDispose](): Promise<void>
}
