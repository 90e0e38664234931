// What people usually write where a faster store has copies of what is in a slower one, in the same notation.

import type { Steps } from 'holdfast/steps'
import { type Backing, type Kept, openStore, type Store } from 'holdfast/store'
import { draft } from '../../lib/store/kept.js'
import { over } from '../../lib/store/over.js'

/** Reads the slower one, and then sets the copy, whatever has become of it meanwhile. A change removes the copy. */
export function setsTheCopy(fast: Backing, truth: Backing): Store<string> {
  const backing = over(truth, {
    *glance(key: string): Steps<Kept | undefined> {
      const copy = yield* fast.read(key)
      if (copy) return copy
      const kept = yield* truth.read(key)
      const data = yield* kept ? kept.data() : []
      if (!kept || typeof data === 'string' || !data) return kept
      const there = yield* fast.read(key)
      const to = yield* draft(there, { kind: 'live', version: kept.version, ends: undefined, data: data as Uint8Array })
      yield* fast.commit(key, there, to)
      return kept
    },
    *commit(key, from, to) {
      const result = yield* truth.commit(key, from, to)
      const there = yield* fast.read(key)
      if (there) yield* fast.commit(key, there, undefined)
      return result
    },
  })
  return openStore<string>(backing)
}
