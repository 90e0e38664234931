// What every store does, whatever engine it is on, line by line.

import { asNumber, refusal } from '../core/input.js'
import type { Store } from '../store/contract.js'
import { calls } from './store-contract/calls.js'
import { changes } from './store-contract/changes.js'
import { ends } from './store-contract/ends.js'
import { keys } from './store-contract/keys.js'
import type { OpenOptions } from './store-contract/line.js'
import { values } from './store-contract/values.js'

export interface StoreContractOptions {
  /** Milliseconds for which entries of the lines live: several operations must fit in. @default 60 */
  readonly unit?: number | undefined
  /** The forms that the store has: an engine that has promises only has no `sync`. @default both */
  readonly forms?: readonly ('promise' | 'sync')[] | undefined
}

/** One promise of the contract. */
export interface ContractLine {
  /** States the promise in a sentence. */
  readonly name: string
  /** Rejects if the store does not keep it. */
  readonly run: () => Promise<void>
}

/**
 * Returns the lines of the contract that every store keeps, for a store on an engine of your own.
 *
 * Holds afterwards: a store for which every line resolves did in one process what the contract says: conditional changes,
 * ends, tombstones, values, keys, refusals.
 *
 * Not promised: anything about several processes, or about processes that die: race them (`race`), and check what they
 * did (`linearizable`).
 *
 * @param open Opens a store. Calls with one `place` open the same values; a place that was not used before is empty.
 *   `options` go to `openStore`.
 * @param options `unit`: the ms that the shortest times of the lines have. `forms`: which of `promise` and `sync` the store has.
 * @returns The lines, for any test runner. Each opens a place of its own, so they may run at once.
 * @throws Nothing; each line rejects with an AssertionError that says what was wrong.
 *
 * @example
 * for (const { name, run } of storeContract((place, options) => openStore(myBacking(place), options))) test(name, run)
 *
 * Source of the protocol: abstract test cases that each engine is put through, as those of Matryoshka's back ends.
 */
export function storeContract(
  open: (place: string, options: OpenOptions) => Store<unknown> | Promise<Store<unknown>>,
  options: StoreContractOptions = {},
): readonly ContractLine[] {
  const { unit, forms = ['promise', 'sync'] } = options
  if (typeof open !== 'function') throw refusal('ERR_INVALID_ARG_TYPE', 'open', 'of type function', open)
  const unitMs = asNumber(unit, 'options.unit', 60, 1)
  return [...changes, ...ends, ...values, ...keys, ...calls].map(({ name, run }, number) => ({
    name,
    run: () => {
      const place = `line-${number}-${(opened++).toString(36)}`
      return run({ open: async (options = {}) => open(place, options), unit: unitMs, forms })
    },
  }))
}

/** No two runs use one place. */
let opened = 0
