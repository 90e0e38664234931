import type { Backing } from './backing.js'
import type { Store } from './contract.js'
import { type Happening, innerOf } from './inner.js'
import { over } from './over.js'
import { wrap } from './wrap.js'

/** After these, what is there has been made since the wrapper was. `met`, `waited`: by another process. */
const fresh: ReadonlySet<Happening> = new Set(['made', 'waited', 'met', 'unstored'])

/**
 * Makes the values of a store anew, each once, as for one request that is to refresh what a cache has.
 *
 * Holds afterwards: the first `getOrSet` of a key through the new store computes its value though one is there. The new one
 * is stored, replaces the old one, and is returned. From then on the key is a hit, as it is after a change of its value
 * through the new store. If another process makes the value anew meanwhile, that one is stored and returned.
 *
 * Not promised: anything about `get`, which returns what is there. The keys are kept in memory for as long as the wrapper.
 *
 * @param store A store of this package, or a wrapper of one.
 * @returns A store. To close it leaves the other one open.
 * @throws `ERR_INVALID_ARG_TYPE`: no store of this package.
 *
 * @example
 * const cache = request.headers['cache-control'] === 'no-cache' ? refreshing(store) : store
 * const { value } = await getOrSet(cache, 'page', render)
 *
 * Source of the protocol: what `DisableCacheGets` of iFixit/Matryoshka is for. (A miss that is only pretended, and then
 * an `add`, finds the old value there, and neither stores nor returns the new one.)
 */
export function refreshing<T>(store: Store<T>): Store<T> {
  const inner = innerOf<T>(store)
  const done = new Set<string>()
  return wrap(inner, {
    backing: noting(inner.backing, key => done.add(key)),
    isDue: key => !done.has(key),
    note: (happening, key) => {
      if (fresh.has(happening)) done.add(key)
      inner.note(happening, key)
    },
  })
}

/** `changed`: called when a value was put into the store. */
function noting(below: Backing, changed: (key: string) => void): Backing {
  return over(below, {
    *commit(key, from, to) {
      const kept = yield* below.commit(key, from, to)
      if (typeof kept === 'object' && to?.data instanceof Uint8Array) changed(key)
      return kept
    },
  })
}
