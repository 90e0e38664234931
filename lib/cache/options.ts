// What a cache is made with, and what it accepts of that.

import { type Deadline, deadlineOf } from '../core/deadline.js'
import { asFunction, asNumber, type Patience, refusal } from '../core/input.js'
import { checkNames, checkOptionNames } from '../core/option-names.js'

/**
 * Why a value has left: there was no room (`capacity`); `check` or its age said so (`expired`); another was set (`replaced`);
 * it was loaded, and never stored, because another had been set, or no caller waited any more (`lost`); `delete` and
 * `deleteIf` (`deleted`); the cache was closed (`closed`).
 */
export type EvictReason = 'capacity' | 'expired' | 'replaced' | 'lost' | 'deleted' | 'closed'

export type Verdict = 'valid' | 'expired'

/** What a load, or a check, is given besides the key. */
export interface CacheTask {
  /** Aborted when no caller waits for the outcome any more, when its time is over, and when the cache is closed. */
  readonly signal: AbortSignal
}

export interface ValidatingCacheOptions<K, V> {
  /** How many values are kept: an integer of at least 1. Those that were used last stay. */
  readonly max: number
  /** Makes the value of a key. If it returns undefined, its callers get that, and nothing is stored. */
  readonly load: (key: K, to: CacheTask) => V | PromiseLike<V>
  /**
   * Says of a value that is in the cache whether it is still good. If it fails, the value is returned all the same, as
   * `stale`, because what is asked may be out of reach for a moment. @default each value is valid
   */
  readonly check?: ((key: K, value: V, to: CacheTask) => Verdict | PromiseLike<Verdict>) | undefined
  /** Gets each value that has left, once, when no `use` has it any more. Here it is closed. @default nothing to do */
  readonly onEvict?: ((key: K, value: V, why: EvictReason) => unknown) | undefined
  /** Milliseconds after which a value is loaded anew, without a check. @default Infinity */
  readonly maxAge?: number | undefined
  /** Milliseconds for each `load` and each `check`, whatever time their callers have. @default Infinity */
  readonly timeouts?: { readonly load?: number | undefined; readonly check?: number | undefined } | undefined
}

/** The time of one caller. It is over for that caller alone. */
export type CallerOptions = Pick<Patience, 'signal' | 'timeout'>

export interface Caching<K, V> {
  readonly max: number
  readonly load: ValidatingCacheOptions<K, V>['load']
  readonly check: ValidatingCacheOptions<K, V>['check']
  readonly onEvict: ValidatingCacheOptions<K, V>['onEvict']
  readonly maxAgeMs: number
  readonly loadMs: number
  readonly checkMs: number
}

const names: ReadonlySet<string> = new Set([
  ...(['max', 'load', 'check', 'onEvict', 'maxAge', 'timeouts'] satisfies (keyof ValidatingCacheOptions<
    never,
    never
  >)[]),
])
const timeoutNames: ReadonlySet<string> = new Set(['load', 'check'])

export function asCaching<K, V>(options: ValidatingCacheOptions<K, V>): Caching<K, V> {
  checkNames(options, names, 'options')
  const { max, load, check, onEvict, maxAge, timeouts = {} } = options
  checkNames(timeouts, timeoutNames, 'options.timeouts')
  const never = Number.POSITIVE_INFINITY
  if (asFunction(load, 'options.load') === undefined)
    throw refusal('ERR_INVALID_ARG_TYPE', 'options.load', 'of type function', load)
  return {
    max: asMax(max),
    load,
    check: asFunction(check, 'options.check'),
    onEvict: asFunction(onEvict, 'options.onEvict'),
    maxAgeMs: asNumber(maxAge, 'options.maxAge', never),
    loadMs: asNumber(timeouts.load, 'options.timeouts.load', never),
    checkMs: asNumber(timeouts.check, 'options.timeouts.check', never),
  }
}

/** A Map of V8 holds no more keys. */
const most = 2 ** 24

function asMax(max: unknown): number {
  if (typeof max !== 'number') throw refusal('ERR_INVALID_ARG_TYPE', 'options.max', 'of type number', max)
  if (Number.isInteger(max) && max >= 1 && max <= most) return max
  throw refusal('ERR_OUT_OF_RANGE', 'options.max', `an integer from 1 to ${most}`, max)
}

/**
 * What ends the wait of one caller. The names of other functions' options are accepted as everywhere in this package; here
 * they mean nothing.
 */
export function deadlineFor(options: CallerOptions | undefined): Deadline | undefined {
  if (options === undefined) return undefined
  checkOptionNames(options)
  return deadlineOf(options)
}
