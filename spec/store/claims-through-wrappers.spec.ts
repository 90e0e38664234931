// What makes claims works through every wrapper, and through several: two store objects on one directory, each wrapped by
// itself, as two processes have them.

import { join } from 'node:path'
import { setTimeout as later } from 'node:timers/promises'
import {
  fileStore,
  getOrSet,
  getOrSetMany,
  memo,
  memoryStore,
  multiScope,
  prefix,
  type Store,
  scope,
  stats,
  storeLock,
  tiers,
} from 'holdfast/store'
import { assert, holds, scratch } from '../support/kit.js'

const filesIn = (dir: string): Store<string> => fileStore<string>(join(dir, 'store'), { durability: 'none' })

/** Each is opened twice. */
const wrapped: Readonly<Record<string, (dir: string) => Store<string>>> = {
  files: filesIn,
  prefix: dir => prefix(filesIn(dir), 'part/'),
  memo: dir => memo(filesIn(dir), { max: 10 }),
  stats: dir => stats(filesIn(dir)),
  tiers: dir => tiers([memoryStore<string>(), filesIn(dir)]),
  scope: dir => scope(filesIn(dir), 'one'),
  multiScope: dir => {
    const store = filesIn(dir)
    return multiScope(store, [scope(store, 'one'), scope(store, 'two')])
  },
  'several of them': dir => prefix(memo(stats(scope(filesIn(dir), 'one')), { max: 10 }), 'part/'),
}

for (const [name, open] of Object.entries(wrapped)) {
  holds(`${name}: one call makes the value, also among store objects`, async () => {
    const dir = scratch()
    const stores = [open(dir), open(dir)]
    let computed = 0
    const compute = async () => {
      computed++
      await later(15)
      return `value ${computed}`
    }
    const got = await Promise.all(stores.flatMap(store => [1, 2, 3].map(() => getOrSet(store, 'k', compute))))
    assert.equal([computed, new Set(got.map(({ value }) => value)).size], [1, 1])
    const refresh = got[0]?.version as string
    const anew = await Promise.all(stores.map(store => getOrSet(store, 'k', compute, { refresh })))
    assert.equal([computed, anew.map(({ value }) => value)], [2, ['value 2', 'value 2']])
    assert.equal(
      (await Promise.all(stores.map(store => store.get('k')))).map(one => one?.value),
      ['value 2', 'value 2'],
    )
  })

  holds(`${name}: removed meanwhile by another store object, it is not stored`, async () => {
    const dir = scratch()
    const [one, other] = [open(dir), open(dir)]
    await one.create('k', 'old')
    const got = await getOrSet(
      one,
      'k',
      async () => {
        assert.is((await other.get('k'))?.value, 'old')
        await other.remove('k')
        return 'new'
      },
      { refresh: true },
    )
    assert.equal(
      [got.value, got.source, await other.get('k'), await one.get('k')],
      ['new', 'unstored', undefined, undefined],
    )
  })

  holds(`${name}: a batch, and a lock`, async () => {
    const dir = scratch()
    const [one, other] = [open(dir), open(dir)]
    const compute = async (missing: string[]) => {
      await later(5)
      return new Map(missing.map(key => [key, key.toUpperCase()]))
    }
    const both = await Promise.all([
      getOrSetMany(one, ['a', 'b'], compute),
      getOrSetMany(other, ['c', 'b', 'a'], compute),
    ])
    for (const got of both) for (const [key, { value }] of got) assert.is(value, key.toUpperCase())
    const lease = await storeLock(one, 'lock')
    assert.is(await storeLock.try(other, 'lock'), undefined)
    await lease.renew()
    await lease.release()
    const next = await storeLock(other, 'lock')
    assert.is(next.fence, lease.fence + 1)
    await next.release()
  })
}
