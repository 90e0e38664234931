// A store whose engine does not compare: each change replaces whatever is there. It is what people write over an engine
// that has no more than get and set.

import { openStore, type Store } from 'holdfast/store'
import { innerOf } from '../../lib/store/inner.js'

export function careless<T>(store: Store<T>): Store<T> {
  const { backing } = innerOf<T>(store)
  return openStore<T>({
    read: key => backing.read(key),
    *commit(key, _from, to) {
      for (;;) {
        const now = yield* backing.read(key)
        if (!now && !to) return 'removed'
        const done = yield* backing.commit(key, now, to)
        if (done !== 'moved') return done
      }
    },
    list: (prefix, cursor) => backing.list(prefix, cursor),
    changed: (key, ms) => backing.changed(key, ms),
    now: () => backing.now(),
    claims: backing.claims,
  })
}
