// In one process, a value is being loaded, and meanwhile its key is deleted, or set. When the load has ended, what was
// there before the change must not be in the cache, and the caller who waited must get a value.

import { setTimeout as wait } from 'node:timers/promises'
import { contest } from '../contest.js'
import { type By, rowsOf } from '../parts.js'
import type { Score } from '../score.js'
import { type Cache, caches } from './caches.js'

interface Change {
  readonly title: string
  readonly make: (cache: Cache, key: string) => unknown
  /** What a caller gets who comes afterwards, and would load `new`. */
  readonly right: string
}

const changes: readonly Change[] = [
  { title: 'cache: deleted during a load', make: (cache, key) => cache.delete(key), right: 'new' },
  { title: 'cache: set during a load', make: (cache, key) => cache.set?.(key, 'set'), right: 'set' },
]

// Some have no function that sets a value.
const settable = Object.fromEntries(Object.entries(caches).filter(([, open]) => open().set))
const { ways, titleOf } = rowsOf(changes, ({ right }) => (right === 'new' ? caches : settable))

export const changedDuringLoad = contest<By<Change, () => Cache>, number>({
  name: 'cache: changed during a load',
  file: import.meta.url,
  ...{ ways, titleOf },
  verdicts: {
    // It says in its documentation that it rejects a fetch whose key is changed.
    rejected: { of: 'calls', unpromised: Object.keys(ways).filter(row => ways[row]?.by === 'lru-cache') },
    'brought back': { of: 'values' },
  },
  cast: { caller: 2 },
  rounds: 2,
  plays: {
    caller: async ({ open, make, right }, turn) => {
      const cache = open()
      let loads = 0
      for (const at of turn.times(20)) {
        const key = `key-${at}`
        await changeDuringLoad(cache, key, make, turn.score)
        turn.score.count('brought back', (await cache.getOrLoad(key, async () => 'new')) !== right)
        loads++
      }
      return loads
    },
  },
  // The processes have nothing in common: what collides is inside of each, and always does.
  contended: (_results, said) => said.every(loads => loads > 0),
})

/** Loads `old`, and changes the cache before that load ends. */
async function changeDuringLoad(cache: Cache, key: string, make: Change['make'], score: Score): Promise<void> {
  let end = () => {}
  let called: Promise<unknown> | undefined
  await new Promise<void>(begun => {
    const load = () =>
      new Promise<string>(resolve => {
        end = () => resolve('old')
        begun()
      })
    called = score.call(() => cache.getOrLoad(key, load))
  })
  await make(cache, key)
  end()
  await called
  // Some store the value after they have returned it.
  await wait(2)
}
