// Store objects on one engine, as several processes on several machines would have them.

import { fs, type Steps } from 'holdfast/steps'
import { type Backing, openStore, type Store } from 'holdfast/store'
import { innerOf } from '../../lib/store/inner.js'

// biome-ignore lint/correctness/useYield: there is nothing to call
export function* just<T>(value: T): Steps<T> {
  return value
}

/** The same engine, as another thread sees it, which calls itself `owner`, and cannot judge whether others live. */
export function seenBy(backing: Backing, owner: string, alive?: boolean): Backing {
  return {
    read: key => backing.read(key),
    commit: (key, from, to) => backing.commit(key, from, to),
    list: (prefix, cursor) => backing.list(prefix, cursor),
    // Another process gets no hint from this one.
    changed: (_key, ms) => fs.sleep(ms),
    now: () => backing.now(),
    claims: { self: () => just(owner), alive: () => just(alive) },
  }
}

/** Another store object on the engine of a store, for a thread that calls itself `owner`. */
export const elsewhere = <T>(
  store: Store<T>,
  owner: string,
  change?: (backing: Backing) => Partial<Backing>,
): Store<T> => {
  const backing = seenBy(innerOf<T>(store).backing, owner)
  return openStore<T>({ ...backing, ...change?.(backing) })
}

/** Lets claims be made, and values be published, but no heartbeats: their maker believes that they were. */
export const deaf = (backing: Backing): Partial<Backing> => ({
  *commit(key, from, to) {
    const isBeat = from?.claim && to?.claim?.fence === from.claim.fence
    if (isBeat && (yield* backing.read(key))?.id === from.id) return from
    return yield* backing.commit(key, from, to)
  },
})

/** A store for a thread that calls itself `owner`, whose commits fail as long as the test says so. */
export function failing<T>(store: Store<T>, owner: string): { readonly store: Store<T>; fails: boolean } {
  const flaky = {
    fails: false,
    store: elsewhere(store, owner, backing => ({
      *commit(key, from, to) {
        if (flaky.fails) throw Object.assign(new Error('the engine fails'), { code: 'EIO' })
        return yield* backing.commit(key, from, to)
      },
    })),
  }
  return flaky
}
