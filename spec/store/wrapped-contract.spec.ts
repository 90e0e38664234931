// The contract of the store, through the wrappers, in several orders: each line on each.

import { join } from 'node:path'
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
import { assert, holds, memory, scratch } from '../support/kit.js'

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

for (const [name, open] of Object.entries(orders))
  holds(`each line of the contract holds through ${name}`, async () => {
    // All lines at once take longer for each.
    const lines = storeContract(open, { unit: 200 })
    assert.ok(lines.length > 20, `${lines.length} lines`)
    const failed: string[] = []
    const run = async (line: (typeof lines)[number]) =>
      line.run().catch((error: Error) => failed.push(`${line.name}: ${error.stack?.slice(0, 1000)}`))
    await Promise.all(lines.map(run))
    assert.equal(failed, [])
  })
