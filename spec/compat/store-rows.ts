// What is tried of the store on every runtime: its contract, in memory and in a directory, and what is built on it.

import { join } from 'node:path'
import {
  type Backing,
  enabled,
  evict,
  fileStore,
  getOrSet,
  getOrSetMany,
  limiter,
  memo,
  memoryStore,
  multiScope,
  openStore,
  overwrite,
  prefix,
  refreshing,
  removeMany,
  type Store,
  scope,
  stats,
  storeLock,
  tiers,
} from 'holdfast/store'
import { storeContract } from 'holdfast/testing'
import { innerOf } from '../../lib/store/inner.js'
import { memoryStore as memoryStoreOfSources } from '../../lib/store/memory.js'
import type { Form, Row } from './row.js'

const both: readonly Form[] = ['promise', 'sync']

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

/** Several lines at once, because some wait for the end of an entry. Those of the sync form have a line of their own. */
async function keepContract(form: Form, open: Parameters<typeof storeContract>[0]): Promise<void> {
  const lines = storeContract(open, { unit: 100, forms: [form] })
  const left = lines.filter(({ name }) => form === 'promise' || name.includes('sync'))
  while (left.length > 0)
    await Promise.all(
      left.splice(0, 17).map(({ name, run }) => run().catch(error => expect(false, `${name}: ${error}`))),
    )
}

function memories(): (place: string) => Backing {
  const backings = new Map<string, Backing>()
  return place => {
    const backing = backings.get(place) ?? innerOf(memoryStoreOfSources()).backing
    backings.set(place, backing)
    return backing
  }
}

const contractOn =
  (opens: (dir: string) => Parameters<typeof storeContract>[0]): Row['run'] =>
  (form, dir) =>
    keepContract(form, opens(dir))

const inDirectory: Row['run'] = contractOn(dir => (place, options) => fileStore(join(dir, place), options))
const inMemory: Row['run'] = contractOn(() => {
  const memoryAt = memories()
  return (place, options) => openStore(memoryAt(place), options)
})

type Run = (form: Form, store: Store<number>) => unknown

const row = (name: string, run: Run, forms = both): Row => ({
  name,
  forms,
  run: (form, dir) => run(form, fileStore<number>(join(dir, 'store'))),
})

/** A wrapper: what is written through it is read through it, and in the store it is where the wrapper puts it. */
const wrapper = (name: string, wrap: (store: Store<number>) => Store<number>, keysBelow = 1): Row =>
  row(name, async (form, store) => {
    const wrapped = wrap(store)
    const change = form === 'sync' ? wrapped.create.sync('k', 1) : await wrapped.create('k', 1)
    const entry = form === 'sync' ? wrapped.get.sync('k') : await wrapped.get('k')
    expect(change.ok && entry?.value === 1, 'it is not read')
    expect([...store.keys()].length === keysBelow, `it is below: ${[...store.keys()]}`)
    expect([...wrapped.keys()].join() === 'k', 'it is not listed')
  })

export const storeRows: readonly Row[] = [
  { name: 'fileStore', forms: both, run: inDirectory },
  { name: 'memoryStore', forms: ['sync'], run: inMemory },
  { name: 'openStore', forms: ['promise'], run: inMemory },
  { name: 'storeContract', forms: ['sync'], run: inMemory },
  wrapper('prefix', store => prefix(store, 'p:')),
  wrapper('memo', store => memo(store, { max: 10 })),
  wrapper('tiers', store => tiers([memoryStore<number>(), store])),
  wrapper('stats', store => stats(store)),
  wrapper('refreshing', store => refreshing(store)),
  // The generation of a scope is an entry as well.
  wrapper('scope', store => scope(store, 's'), 2),
  wrapper('multiScope', store => multiScope(store, [scope(store, 'a'), scope(store, 'b')]), 3),
  row('enabled', async (form, store) => {
    store.create.sync('k', 1)
    const off = enabled(store, { reads: false, writes: false })
    const [entry, change] =
      form === 'sync' ? [off.get.sync('k'), off.remove.sync('k')] : [await off.get('k'), await off.remove('k')]
    expect(entry === undefined && !change.ok && store.get.sync('k') !== undefined, 'it is on')
  }),
  row('overwrite', async (form, store) => {
    const { sync } = overwrite
    const entry = form === 'sync' ? sync(store, 'k', 1) : await overwrite(store, 'k', 1)
    expect(entry?.version === store.get.sync('k')?.version, 'another entry is there')
  }),
  row('removeMany', async (form, store) => {
    store.createMany.sync([
      ['a', 1],
      ['b', 2],
    ])
    const { sync } = removeMany
    const changes = form === 'sync' ? sync(store, ['b', 'none']) : await removeMany(store, ['b', 'none'])
    expect([...changes.values()].map(({ ok }) => ok).join() === 'true,false', 'another result')
    expect([...store.keys()].join() === 'a', 'other keys are left')
  }),
  row('evict', async (form, store) => {
    store.createMany.sync([
      ['a', 1],
      ['b', 2],
    ])
    const removed = form === 'sync' ? evict.sync(store, { maxCount: 1 }) : await evict(store, { maxCount: 1 })
    expect(removed === 1 && [...store.keys()].length === 1, 'another number')
  }),
  row('getOrSet', async (form, store) => {
    const get = () => (form === 'sync' ? getOrSet.sync(store, 'k', () => 1) : getOrSet(store, 'k', () => 1))
    expect((await get()).source === 'made' && (await get()).source === 'hit', 'another source')
  }),
  row('getOrSetMany', async (form, store) => {
    const make = (missing: readonly string[]) => new Map(missing.map(key => [key, 1]))
    const keys = ['b', 'a']
    const got = form === 'sync' ? getOrSetMany.sync(store, keys, make) : await getOrSetMany(store, keys, make)
    expect([...got.keys()].join() === 'b,a' && got.get('a')?.value === 1, 'another result')
  }),
  row(
    'storeLock',
    async (_, store) => {
      const lease = await storeLock(store, 'k')
      expect(lease.fence > 0, 'no fence')
      await lease.release()
    },
    ['promise'],
  ),
  row('storeLock.try', async (form, store) => {
    const lease = form === 'sync' ? storeLock.try.sync(store, 'k') : await storeLock.try(store, 'k')
    expect(lease !== undefined && storeLock.try.sync(store, 'k') === undefined, 'it is not exclusive')
    lease?.release.sync()
    const again = storeLock.try.sync(store, 'k')
    expect(again !== undefined, 'it was not released')
    again?.release.sync()
  }),
  row('storeLock.holder', async (form, store) => {
    const lease = storeLock.try.sync(store, 'k', { label: 'row' })
    const holder = form === 'sync' ? storeLock.holder.sync(store, 'k') : await storeLock.holder(store, 'k')
    expect(holder?.label === 'row', `another holder: ${holder?.label}`)
    lease?.release.sync()
    expect(storeLock.holder.sync(store, 'k') === undefined, 'it is held after its release')
  }),
  row('limiter', async form => {
    const limits = limiter(memoryStore<unknown>(), { limit: 1, per: 60_000 })
    const hit = () => (form === 'sync' ? limits.hit.sync('k') : limits.hit('k'))
    const [first, second] = [await hit(), await hit()]
    expect(first.allowed && !second.allowed && second.count === 1, `the count is ${second.count}`)
    expect(second.retryAfter > 0 && second.retryAfter <= 60_000, `the wait is ${second.retryAfter}`)
  }),
]
