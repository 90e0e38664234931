import { type Dual, dual } from '../core/dual.js'
import type { Steps } from '../core/steps.js'
import { jobOf } from './conflict.js'
import type { AnyStore, Change, RemoveOptions } from './contract.js'
import { innerOf } from './inner.js'
import { asIterable, forEach } from './operations/many.js'
import { remove } from './operations/remove.js'

/**
 * Removes several entries, several at a time, each by itself.
 *
 * Holds afterwards: of each key what `remove` of the store says.
 *
 * Not promised: anything about all keys together: others may see some of them removed and others not yet.
 *
 * @param store Any store of `holdfast/store`, wrapped or not.
 * @param keys Each is removed once, also if it comes twice.
 * @param options As for `remove`: `tombstone`.
 * @returns What became of each key, in the order of the keys.
 * @throws As `remove` of the store. Then some of the others may be removed.
 *
 * @example
 * const changes = await removeMany(sessions, ['a', 'b'])
 *
 * Source of the protocol: `deleteMultiple` of Matryoshka.
 */
export const removeMany: Dual<
  [store: AnyStore, keys: Iterable<string>, options?: RemoveOptions],
  Map<string, Change<unknown>>
> = dual(function* removeMany(
  store: AnyStore,
  keys: Iterable<string>,
  options: RemoveOptions = {},
): Steps<Map<string, Change<unknown>>> {
  const inner = innerOf<unknown>(store)
  const wanted = [...new Set(asIterable(keys, 'keys'))]
  for (const key of wanted) jobOf(inner, key, options)
  const { retryFor, tombstone, ifVersion } = options
  const changes = yield* forEach(wanted, key => remove(inner, key, { retryFor, tombstone, ifVersion }))
  return new Map(wanted.map((key, at) => [key, changes[at] as Change<unknown>]))
})
