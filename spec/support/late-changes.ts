// Changes that have seen an entry, and come to be made when it has ended.

import { fs } from 'holdfast/steps'
import { type Backing, getOrSet, openStore, type Store } from 'holdfast/store'
import { innerOf } from '../../lib/store/inner.js'
import { over } from '../../lib/store/over.js'
import { assert } from './kit.js'

/** Clocks of two machines differ a little, and these are those of one. */
const slackMs = 30

/** Makes each commit when the entry that it replaces has ended. */
const late = (backing: Backing): Backing =>
  over(backing, {
    *commit(key, from, to) {
      if (from?.endsAtMs !== undefined) yield* fs.sleep(Math.max(from.endsAtMs - from.readAtMs, 0) + slackMs)
      return yield* backing.commit(key, from, to)
    },
  })

/** Asserts that no change wakes an entry that has ended while the change was under way. `unit`: some calls fit in (ms). */
export async function assertEndedStaysEnded(store: Store<unknown>, unit: number): Promise<void> {
  const slow = openStore<unknown>(late(innerOf<unknown>(store).backing))
  const changes = {
    touch: (key: string) => slow.touch(key, 1e6),
    'get with touch': async (key: string) => ({ ok: (await slow.get(key, { touch: 1e6 })) !== undefined }),
    update: (key: string) => slow.update(key, 2),
    'update with an end': (key: string) => slow.update(key, 'a value that is longer than names are', { ttl: 1e6 }),
    'update by a function': (key: string) => slow.update(key, () => 2, { ttl: 1e6 }),
    tombstone: (key: string) => slow.remove(key, { tombstone: 1e6 }),
  }
  // What is kept for those that take a stale value is there still.
  const all = [0, 1e6].flatMap(stale => Object.entries(changes).map(([name, change]) => ({ name, change, stale })))
  await Promise.all(
    all.map(async ({ name, change, stale }) => {
      const key = `late ${name} ${stale}`
      await getOrSet(store, key, () => 'a value', { ttl: unit, stale })
      assert.is((await change(key)).ok, false, key)
      assert.is(await store.get(key), undefined, key)
    }),
  )
}
