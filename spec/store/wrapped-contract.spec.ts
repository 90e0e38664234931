// The contract of the store, through the wrappers, in several orders: each line on each.

import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import {
  enabled,
  fileStore,
  memo,
  multiScope,
  openStore,
  prefix,
  refreshing,
  type Store,
  scope,
  stats,
  tiers,
} from 'holdfast/store'
import { storeContract } from 'holdfast/testing'
import { memoryBacking } from '../../lib/store/memory.js'
import { allAtOnce, assert, holds, memory, scratch } from '../support/kit.js'

type Open = Parameters<typeof storeContract>[0]
type Options = Parameters<Open>[1]

const kept = new Map<string, ReturnType<typeof memoryBacking>>()
/** Objects that are opened at one place share it. */
function inMemory(place: string, options?: Options): Store<unknown> {
  const backing = kept.get(place) ?? memoryBacking()
  kept.set(place, backing)
  return openStore(backing, options)
}

const dir = scratch(memory)
const onFiles = (place: string, options?: Options) => fileStore(join(dir, place), { durability: 'none', ...options })

const orders: Readonly<Record<string, (place: string, options: Options) => Store<unknown>>> = {
  'memo of tiers of memory and files': (place, options) =>
    memo(tiers([inMemory(`copies of ${place}`), onFiles(`tiers-${place}`, options)]), { max: 100 }),
  'scope of a memo of files': (place, options) =>
    scope(memo(onFiles(`memo-${place}`, options), { max: 100 }), 'of a memo'),
  'memo of a scope of tiers of memory': (place, options) =>
    memo(scope(tiers([inMemory(`t ${place}`), inMemory(`u ${place}`, options)]), 'b'), { max: 2 }),
  'all of them': (place, options) => {
    const store = prefix(memo(inMemory(`all ${place}`, options), { max: 10, trust: 5 }), 'p:')
    const scopes = [scope(store, 'z'), scope(store, 'a+b/c')]
    return stats(refreshing(enabled(multiScope(tiers([inMemory(`c ${place}`), store]), scopes), {})))
  },
}

/** All lines of all orders wait for ends at the same time, so each has long ones. */
const failuresOf = allAtOnce(
  Object.values(orders).map(open => async () => {
    const lines = storeContract(open, { unit: 1_000 })
    assert.ok(lines.length > 20, `${lines.length} lines`)
    const run = async ({ name, run }: (typeof lines)[number]): Promise<string[]> =>
      run().then(
        () => [],
        (error: Error) => [`${name}: ${error.stack?.slice(0, 1000)}`],
      )
    const failures: Promise<string[]>[] = []
    for (const line of lines) {
      failures.push(run(line))
      // One after the other, because a thread that does all at once keeps each waiting.
      await pause(40)
    }
    return (await Promise.all(failures)).flat()
  }),
)

for (const [at, name] of Object.keys(orders).entries())
  holds(`each line of the contract holds through ${name}`, async () => assert.equal(await failuresOf(at), []))
