import type { Patience } from '../../core/input.js'

/** A state that is over, and is about to be taken away. */
export interface Expired {
  readonly key: string
  /** What was counted, by the part of the rule that has counted most. */
  readonly count: number
  /** When it was over (ms since 1970, on the engine's clock). */
  readonly expiredAt: number
}

export interface LimiterOptions {
  /**
   * Called before this limiter replaces or removes the state of a key that is over. What it throws, or its promise rejects
   * with, is published on the channel `holdfast:expire-failed`, and keeps no key. @default nothing is called
   */
  readonly onExpire?: ((expired: Expired) => unknown) | undefined
  /** What a hit counts as of which it is not known whether it was counted, because a reply was lost. @default 'deny' */
  readonly unknown?: 'allow' | 'deny' | undefined
}

export interface PeekOptions extends Patience {
  /** How much the hit is to count: a whole number. @default 1 */
  readonly cost?: number | undefined
}

export interface HitOptions extends PeekOptions {
  /** A hit that is denied is counted, too. @default false */
  readonly countDenied?: boolean | undefined
}
