import type { Entry } from '../contract.js'
import type { SharedOptions } from '../get-or-set/options.js'

/** What the function gets that makes several values at once. */
export interface ManyTask<T> {
  /** Aborted as soon as none of the values is wanted any more: the call was stopped or timed out. */
  readonly signal: AbortSignal
  /** The fencing tokens of the keys that are claimed: see `Task`. */
  readonly fences: ReadonlyMap<string, number>
  /** The values that are there now, also those that have expired, if they are within `stale`. */
  readonly previous: ReadonlyMap<string, Entry<T>>
  /** Says after how many milliseconds the values expire, instead of the option `ttl`. */
  ttl(ms: number): void
}

export interface GetOrSetManyOptions extends SharedOptions {
  /** Makes the values anew, unless another call has since this one began. @default false */
  readonly refresh?: boolean | undefined
}

/** Makes the values of the missing keys. What it leaves out is not stored; other keys are ignored. */
export type ComputeMany<T> = (
  missing: string[],
  to: ManyTask<T>,
) => ReadonlyMap<string, T> | PromiseLike<ReadonlyMap<string, T>>
