import { asFlag } from '../core/input.js'
import { checkNames } from '../core/option-names.js'
import type { Store } from './contract.js'
import { innerOf } from './inner.js'
import { wrap } from './wrap.js'

export interface EnabledOptions {
  /** False: every read is a miss. @default true */
  readonly reads?: boolean | undefined
  /** False: every change is refused. @default true */
  readonly writes?: boolean | undefined
}

const optionNames: ReadonlySet<string> = new Set(['reads', 'writes'] satisfies (keyof EnabledOptions)[])

/**
 * Switches a part of a store off, for those that are given the result.
 *
 * Holds afterwards: without `reads`, `get` finds nothing, `keys` has none, and `getOrSet` makes every value anew, which it
 * stores. Without `writes`, a change is refused (`ok: false`, with what is there), and `getOrSet` returns what it made as
 * `unstored`. What is on stays as it is.
 *
 * Not promised: that others do not read or change the store meanwhile: it is switched off only here.
 *
 * @param store A store of this package, or a wrapper of one.
 * @param options `reads`, `writes`: both true by default.
 * @returns A store. To close it leaves the other one open.
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`: bad input.
 *
 * @example
 * const cache = enabled(store, { reads: !process.argv.includes('--no-cache') })
 *
 * Source of the protocol: `Enable` of iFixit/Matryoshka.
 */
export function enabled<T>(store: Store<T>, options: EnabledOptions): Store<T> {
  const inner = innerOf<T>(store)
  checkNames(options, optionNames, 'options')
  const { reads = true, writes = true } = options
  asFlag(reads, 'options.reads')
  asFlag(writes, 'options.writes')
  return wrap(inner, { reads: inner.reads && reads, writes: inner.writes && writes })
}
