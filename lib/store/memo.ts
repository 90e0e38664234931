import { asNumber, refusal } from '../core/input.js'
import { checkNames } from '../core/option-names.js'
import { isCopying } from './codec.js'
import type { Store } from './contract.js'
import { innerOf } from './inner.js'
import { MemoBacking } from './memo/backing.js'
import { wrap } from './wrap.js'

export interface MemoOptions {
  /** How many values are kept in memory. Those that were used last stay. */
  readonly max: number
  /**
   * Milliseconds for which a value that was seen is returned without a look at the store. On files, and in memory, it is not
   * needed. @default 0
   */
  readonly trust?: number | undefined
}

const optionNames: ReadonlySet<string> = new Set(['max', 'trust'] satisfies (keyof MemoOptions)[])

/**
 * Keeps the values of a store in memory.
 *
 * Holds afterwards: on a store of files on a local disk, and on one in memory, each read is proven by one call (`stat`), so
 * no value is older than the read. Elsewhere `get`, `getMany` and the first look of `getOrSet` return what this process saw
 * or wrote at most `trust` ms before they began; what refuses or makes a change is judged by the store itself. Each caller
 * is given a value of its own, decoded anew. A value that has expired is not returned, however long ago it was read.
 *
 * Not promised: that absence is remembered. Without `trust`, and where no call proves a value, nothing is remembered.
 *
 * @param store A store of this package, or a wrapper of one.
 * @param options `max`: values, a positive integer. `trust`: ms, 0 by default.
 * @returns A store. To close it forgets what is in memory, and leaves the other one open.
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`: bad input.
 *
 * @example
 * const store = memo(fileStore('cache'), { max: 10_000 })
 *
 * Source of the protocol: the name of a cell's state is never used twice, so one that is still there is the current one.
 */
export function memo<T>(store: Store<T>, options: MemoOptions): Store<T> {
  const inner = innerOf<T>(store)
  checkNames(options, optionNames, 'options')
  const { max } = options
  if (typeof max !== 'number') throw refusal('ERR_INVALID_ARG_TYPE', 'options.max', 'of type number', max)
  if (!Number.isInteger(max) || max < 1)
    throw refusal('ERR_OUT_OF_RANGE', 'options.max', 'an integer of at least 1', max)
  const trustMs = asNumber(options.trust, 'options.trust', 0)
  const copy = isCopying(inner.codec) ? (bytes: Uint8Array) => bytes : (bytes: Uint8Array) => Buffer.from(bytes)
  return wrap(inner, { backing: new MemoBacking(inner.backing, { max, trustMs, copy }) })
}
