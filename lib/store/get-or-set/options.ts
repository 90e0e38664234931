import type { Patience } from '../../core/input.js'
import type { Entry } from '../contract.js'

/** What the function gets that makes a value. */
export interface Task<T> {
  readonly key: string
  /**
   * Aborted as soon as the value is not wanted any more: the last call that waits for it was stopped or timed out, or another
   * process has taken the claim over (`ERR_CLAIM_LOST`).
   */
  readonly signal: AbortSignal
  /**
   * A fencing token, greater than that of every claim on the key before, as long as the key had a state. A service can use
   * it to refuse one that comes too late. 0: there is no claim.
   */
  readonly fence: number
  /** The value that is there now, also one that has expired, if it is within `stale`. */
  readonly previous: Entry<T> | undefined
  /** Says after how many milliseconds the value expires, instead of the option `ttl`. */
  ttl(ms: number): void
}

export interface SharedOptions extends Patience {
  /** Milliseconds until a value that is made expires. @default Infinity */
  readonly ttl?: number | undefined
  /**
   * For how long (ms) after its end the old value is returned at once, while one call makes a new one in the background.
   * The sync form has no background: one call makes the new value before it returns. @default 0
   */
  readonly stale?: number | undefined
  /**
   * If no new value could be made, the old one is returned, as long as it is within `stale`.
   * @default true, if there is `stale` and no `refresh`
   */
  readonly staleOnError?: boolean | undefined
  /**
   * What to do when another call *set* a value meanwhile: take that, or put ours in its place. A removal always wins.
   * @default 'first-wins'
   */
  readonly conflict?: 'first-wins' | 'last-wins' | undefined
  /** How long (ms) to wait for what another call is making; `false`: not at all. @default until that ends */
  readonly wait?: number | false | undefined
  /**
   * What to do when that time is over: throw `ERR_KEY_CLAIMED`; make a value that is not stored; or return the old value,
   * however old, if there is one. @default 'throw'
   */
  readonly late?: 'throw' | 'compute' | 'stale' | undefined
  /** `false`: other processes are not kept from making the value, too, which saves a commit. @default true */
  readonly claim?: boolean | undefined
  /**
   * Milliseconds without a heartbeat after which a process that is making a value is taken for dead where that cannot be
   * known, as on another machine. Heartbeats are made three times as often. @default 15_000
   */
  readonly lease?: number | undefined
}

export interface GetOrSetOptions extends SharedOptions {
  /**
   * `true`: makes the value anew, unless another call has since this one began. A version: makes it anew unless there
   * is another one meanwhile. @default false
   */
  readonly refresh?: boolean | string | undefined
}

/**
 * Where a value comes from. `hit`: it was there. `stale`: it was there, and has expired. `made`: this call has made and
 * stored it. `waited`: another call has made it, and this one waited. `met`: this call made one, and another had set this one
 * meanwhile. `unstored`: this call made it, or none, and it is not stored.
 */
export type Source = 'hit' | 'stale' | 'made' | 'waited' | 'met' | 'unstored'

/** What a call got. */
export interface Got<T> {
  /** undefined: none was made. */
  readonly value: T | undefined
  /** undefined: it is not stored. */
  readonly version: string | undefined
  readonly source: Source
}
