// Small wrappers: prefix, enabled, refreshing, stats; and what they are together.

import {
  enabled,
  fileStore,
  getOrSet,
  getOrSetMany,
  memo,
  memoryStore,
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
import { memoryBacking } from '../../lib/store/memory.js'
import { over } from '../../lib/store/over.js'
import { unknownOutcome } from '../../lib/store/unknown-outcome.js'
import { assert, holds, scratch } from '../support/kit.js'

const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

holds('a prefix is a part of the store, with the same versions', async () => {
  const store = memoryStore<number>()
  const part = prefix(prefix(store, 'a:'), 'b:')
  const { entry } = await part.create('k', 1)
  assert.equal(await store.get('a:b:k'), entry)
  await store.create('a:c', 2)
  await store.create('b:k', 3)
  assert.equal([...part.keys()], ['k'])
  assert.equal([...part.keys({ prefix: 'k' })], ['k'])
  assert.equal([...part.keys({ prefix: 'l' })], [])
  assert.ok((await store.update('a:b:k', 4, { ifVersion: entry?.version as string })).ok)
  assert.is((await getOrSet(part, 'k', () => 5)).value, 4)
  await part.close()
  await assert.rejects(part.get('k'), { code: 'ERR_STORE_CLOSED' })
  assert.is((await store.get('a:b:k'))?.value, 4)
  for (const [text, code] of [
    ['', 'ERR_INVALID_ARG_VALUE'],
    ['\ud800', 'ERR_INVALID_ARG_VALUE'],
    ['x'.repeat(4097), 'ERR_OUT_OF_RANGE'],
    [1, 'ERR_INVALID_ARG_TYPE'],
  ] as const)
    assert.throws(() => prefix(store, text as string), { code })
})

holds('keys keep their whole length below wrappers, until those put too much before them', async () => {
  const long = '☃'.repeat(1365)
  for (const store of [memoryStore<number>(), fileStore<number>(scratch(), { durability: 'none' })]) {
    const part = prefix(scope(store, 's'.repeat(3000)), 'p'.repeat(1000))
    await part.create(long, 1)
    assert.equal([...part.keys()], [long])
    assert.is((await part.get(long))?.value, 1)
    await assert.rejects(prefix(part, 'q'.repeat(100)).get(long), { code: 'ERR_OUT_OF_RANGE' })
    assert.is((await prefix(part, 'q'.repeat(100)).get('short')) ?? 'none', 'none')
  }
})

/** An engine that does what it is asked for, and loses the reply to the next commit. */
function losing() {
  const memory = memoryBacking()
  const once = { isLost: false }
  const backing = over(memory, {
    *commit(key, from, to) {
      const result = yield* memory.commit(key, from, to)
      if (!once.isLost) return result
      once.isLost = false
      throw unknownOutcome(key, from, to, new Error('the connection was cut'))
    },
  })
  return { once, store: openStore<number>(backing) }
}

holds('an unknown outcome names the key as the caller knows it, and is confirmed through the wrapper', async () => {
  for (const kind of [
    (store: Store<number>) => prefix(store, 'p:'),
    (store: Store<number>) => scope(store, 's'),
    (store: Store<number>) =>
      memo(prefix(scope(tiers([memoryStore<number>(), store]), 's'), 'p'), { max: 9, trust: 9 }),
  ]) {
    const { once, store } = losing()
    const wrapped = kind(store)
    await wrapped.create('beside', 1)
    once.isLost = true
    const error = await assert.rejects(wrapped.create('k', 1), { code: 'ERR_UNKNOWN_OUTCOME' })
    assert.is((error as Error & { key: string }).key, 'k')
    assert.is(await wrapped.confirm(error), 'done')
    assert.is((await wrapped.get('k'))?.value, 1)
  }
})

holds('without reads everything is a miss, and getOrSet makes values anew, and stores them', async () => {
  const store = memoryStore<number>()
  const off = enabled(store, { reads: false })
  await store.create('k', 1)
  assert.is(await off.get('k'), undefined)
  assert.is((await off.getMany(['k'])).size, 0)
  assert.equal([...off.keys()], [])
  const got = await getOrSet(off, 'k', () => 2)
  assert.equal([got.source, got.value], ['made', 2])
  assert.is((await getOrSet(off, 'k', () => 3)).value, 3)
  assert.is((await store.get('k'))?.value, 3)
  assert.is((await off.create('k', 4)).ok, false)
})

holds('without writes a change is refused, and getOrSet returns what it made as unstored', async () => {
  const store = memoryStore<number>()
  const off = enabled(store, { writes: false })
  const { entry } = await store.create('k', 1)
  const changes = [off.create('k', 2), off.update('k', 2), off.remove('k'), off.touch('k', 1000)]
  for (const change of await Promise.all(changes)) assert.equal(change, { ok: false, entry })
  assert.equal(await off.create('another', 2), { ok: false, entry: undefined })
  assert.equal([...(await off.createMany([['c', 1]])).values()], [{ ok: false, entry: undefined }])
  assert.is(await overwrite(off, 'k', 2), undefined)
  assert.equal(await off.get('k', { touch: 1000 }), entry)
  assert.equal(await getOrSet(off, 'another', () => 5), { value: 5, version: undefined, source: 'unstored' })
  assert.is((await getOrSet(off, 'k', () => 5)).source, 'hit')
  assert.equal([...store.keys()], ['k'])
  await store.create('short', 1, { ttl: 1 })
  await sleep(5)
  assert.equal(await off.sweep(), { expired: 0, tombstones: 0, debris: 0 })
  // What is off stays off in what is made of it.
  assert.is((await enabled(prefix(off, 'k'), { writes: true }).create('k', 1)).ok, false)
  assert.throws(() => enabled(store, { reads: 1 as never }), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => enabled(store, { deletes: false } as never), { code: 'ERR_INVALID_ARG_VALUE' })
})

holds('refreshing makes each value anew once, though one is there: the new one is stored, and returned', async () => {
  const store = memoryStore<string>()
  await getOrSet(store, 'k', () => 'V1')
  const request = refreshing(store)
  const first = await getOrSet(request, 'k', () => 'V2')
  assert.equal([first.source, first.value], ['made', 'V2'])
  assert.is((await store.get('k'))?.value, 'V2')
  const second = await getOrSet(request, 'k', () => 'V3')
  assert.equal([second.source, second.value], ['hit', 'V2'])
  // A key that was not there is made once as well; one that was written is as new as can be.
  assert.is((await getOrSet(request, 'new', () => 'V1')).source, 'made')
  assert.is((await getOrSet(request, 'new', () => 'V2')).source, 'hit')
  await store.create('set', 'V1')
  await request.update('set', 'V2')
  assert.equal((await getOrSet(request, 'set', () => 'V3')).value, 'V2')
  // Another request begins anew.
  assert.is((await getOrSet(refreshing(store), 'k', () => 'V4')).value, 'V4')
})

holds(
  'refreshing: what could not be made is tried again, and others are not robbed of what they made meanwhile',
  async () => {
    const store = memoryStore<string>()
    await store.create('k', 'V1')
    const request = refreshing(store)
    await assert.rejects(
      getOrSet(request, 'k', () => {
        throw new Error('no')
      }),
      { message: /^no$/ },
    )
    assert.is((await store.get('k'))?.value, 'V1')
    const both = await Promise.all([
      getOrSet(request, 'k', () => sleep(5).then(() => 'V2')),
      getOrSet(refreshing(store), 'k', () => sleep(5).then(() => 'V3')),
    ])
    const now = await store.get('k')
    // One has made it, or both one after the other: each caller has what was there when its call ended, or is there.
    assert.ok(both.some(({ value }) => value === now?.value))
    assert.is((await getOrSet(request, 'k', () => 'V4')).value, now?.value)
  },
)

holds('refreshing many: each that was not made anew is in the batch', async () => {
  const store = memoryStore<number>()
  await store.createMany(['a', 'b', 'c'].map((key, at) => [key, at]))
  const request = refreshing(store)
  await getOrSet(request, 'b', () => 10)
  const asked: string[][] = []
  const compute = (missing: string[]) => {
    asked.push(missing)
    return new Map(missing.map(key => [key, 20]))
  }
  const got = await getOrSetMany(request, ['c', 'b', 'a'], compute)
  assert.equal(
    [...got.values()].map(({ value }) => value),
    [20, 10, 20],
  )
  await getOrSetMany(request, ['c', 'b', 'a'], compute)
  assert.equal(
    asked.map(keys => keys.sort()),
    [['a', 'c']],
  )
})

holds('what was refreshed below another name is known by it', async () => {
  const store = memoryStore<number>()
  const request = refreshing(store)
  const part = prefix(request, 'p:')
  await store.create('p:k', 1)
  assert.is((await getOrSet(part, 'k', () => 2)).value, 2)
  assert.is((await getOrSet(part, 'k', () => 3)).value, 2)
  assert.is((await getOrSet(request, 'p:k', () => 3)).value, 2)
  const scoped = scope(request, 's')
  await scope(store, 's').create('k', 1)
  assert.is((await getOrSet(scoped, 'k', () => 2)).value, 2)
  assert.is((await getOrSet(scoped, 'k', () => 3)).value, 2)
})

holds('stats count what came of operations', async () => {
  const { once, store } = losing()
  const counted = stats(store)
  await counted.get('k')
  await getOrSet(counted, 'k', () => 1)
  await getOrSet(counted, 'k', () => 2)
  await counted.get('k')
  await Promise.all(Array.from({ length: 3 }, () => counted.get('k')))
  await getOrSet(enabled(counted, { writes: false }), 'none', () => 1)
  await Promise.all([1, 2].map(() => getOrSet(counted, 'slow', () => sleep(5).then(() => 1))))
  const { hit, miss, made, waited, unstored, ms } = counted.counts
  assert.equal({ hit, miss, made, waited, unstored }, { hit: 5, miss: 1, made: 2, waited: 1, unstored: 1 })
  assert.ok(ms > 0)
  once.isLost = true
  await assert.rejects(counted.create('lost', 1), { code: 'ERR_UNKNOWN_OUTCOME' })
  assert.is(counted.counts.unknown, 1)
  // Counts that were read stay as they were, and each object has its own.
  const before = counted.counts
  const outer = stats(prefix(counted, 'p'))
  await outer.get('x')
  assert.equal([before.miss, counted.counts.miss, outer.counts.miss], [1, 2, 1])
})

holds('conflicts are counted, and nothing is lost through all wrappers at once', async () => {
  const memory = memoryStore<number>()
  const open = () => memo(prefix(scope(tiers([memoryStore<number>(), memory]), 's'), 'p'), { max: 9, trust: 1000 })
  const stores = Array.from({ length: 4 }, () => stats(open()))
  await stores[0]?.create('k', 0)
  await Promise.all(
    stores.flatMap(store => Array.from({ length: 25 }, () => store.update('k', ({ value }) => value + 1))),
  )
  const last = await open().update('k', ({ value }) => value)
  assert.is(last.entry?.value, 100)
  assert.ok(
    stores.some(({ counts }) => counts.conflict > 0),
    'no contention',
  )
})

holds('locks and removals work through wrappers', async () => {
  const store = prefix(scope(memoryStore<number>(), 's'), 'p:')
  await using lease = await storeLock(store as Store<unknown>, 'lock')
  await assert.rejects(storeLock(store as Store<unknown>, 'lock', { timeout: 20 }), { code: 'ERR_LOCK_HELD' })
  await lease.release()
  await (await storeLock(store as Store<unknown>, 'lock')).release()
  await store.createMany(['a', 'b'].map(key => [key, 1]))
  await removeMany(store, ['a', 'b'])
  assert.equal([...store.keys()], ['lock'])
  const many = await getOrSetMany(store, ['x', 'y'], missing => new Map(missing.map(key => [key, key.length])))
  assert.equal(
    [...many.values()].map(({ value }) => value),
    [1, 1],
  )
})
