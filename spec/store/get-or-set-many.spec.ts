// `getOrSetMany` in one process.

import { setTimeout as later } from 'node:timers/promises'
import { driveSync } from 'holdfast/steps'
import { type ComputeMany, type Got, getOrSet, getOrSetMany, memoryStore, type Store } from 'holdfast/store'
import { innerOf } from '../../lib/store/inner.js'
import { assert, holds } from '../support/kit.js'
import { elsewhere } from '../support/stores.js'

const claimOn = <T>(store: Store<T>, key: string) => driveSync(innerOf<T>(store).backing.read(key))?.claim
const never = (): never => {
  throw new Error('computed')
}
const brief = <T>(got: Map<string, Got<T>>) => [...got].map(([key, { value, source }]) => `${key} ${value} ${source}`)
const upper: ComputeMany<string> = missing => new Map(missing.map(key => [key, key.toUpperCase()]))

holds(
  'what is missing is made in one batch, in the order asked for, and keys that were not asked for are ignored',
  async () => {
    const store = memoryStore<string>()
    await store.create('c', 'there')
    const asked: string[][] = []
    const compute: ComputeMany<string> = missing => {
      asked.push(missing)
      assert.ok(missing.every(key => claimOn(store, key)))
      return new Map([...missing.map(key => [key, key.toUpperCase()] as const), ['other', 'X']])
    }
    const got = await getOrSetMany(store, ['d', 'c', 'b', 'd', 'a'], compute)
    assert.equal(brief(got), ['d D made', 'c there hit', 'b B made', 'a A made'])
    assert.equal(asked, [['d', 'b', 'a']])
    assert.is(await store.get('other'), undefined)
    assert.ok(['a', 'b', 'd'].every(key => claimOn(store, key) === undefined))
    const again = getOrSetMany.sync(store, new Set(['a', 'd']), never)
    assert.equal(brief(again), ['a A hit', 'd D hit'])
    assert.is(again.get('a')?.version, (await store.get('a'))?.version)
    assert.equal(await getOrSetMany(store, [], never), new Map())
  },
)

holds('what compute leaves out is not stored, and its claim is given back', async () => {
  const store = memoryStore<string>()
  const got = await getOrSetMany(store, ['a', 'b'], () => new Map([['a', 'A']]))
  assert.equal(brief(got), ['a A made', 'b undefined unstored'])
  assert.is(driveSync(innerOf<string>(store).backing.read('b')), undefined)
})

holds('what compute throws is thrown, and all claims are given back', async () => {
  const store = memoryStore<string>()
  const error = new Error('mine')
  const fails = () => Promise.reject(error)
  assert.is(await getOrSetMany(store, ['a', 'b'], fails).catch(thrown => thrown), error)
  assert.equal(
    ['a', 'b'].map(key => driveSync(innerOf<string>(store).backing.read(key))),
    [undefined, undefined],
  )
})

holds('what another call makes is waited for, and what that fails to make is made in a second batch', async () => {
  const store = memoryStore<string>()
  const other = elsewhere(store, 'other')
  let [resolve, reject] = [(_: string) => {}, (_: Error) => {}]
  const slow = getOrSet(other, 'b', () => new Promise<string>(yes => (resolve = yes)))
  const bad = getOrSet(other, 'c', () => new Promise<string>((_, no) => (reject = no))).catch(() => 'failed')
  await later(5)
  const asked: string[][] = []
  const all = getOrSetMany(store, ['c', 'b', 'a'], (missing, to) => {
    asked.push(missing)
    return upper(missing, to)
  })
  await later(10)
  assert.is((await store.get('a'))?.value, 'A', 'it holds nothing while it waits')
  resolve('theirs')
  reject(new Error())
  assert.equal(brief(await all), ['c C made', 'b theirs waited', 'a A made'])
  assert.equal(asked, [['a'], ['c']])
  assert.equal([(await slow).source, await bad], ['made', 'failed'])
})

holds('calls for the same keys in other orders make each once, and agree', async () => {
  const store = memoryStore<string>()
  const keys = Array.from({ length: 30 }, (_, at) => `key ${at}`)
  let made = 0
  const call = async (number: number) => {
    const order = keys.toSorted((a, b) => ((number * 7 + a.length) % 3) - ((number * 5 + b.length) % 3))
    const part = number % 2 ? order : order.slice(10)
    return getOrSetMany(elsewhere(store, `thread-${number}`), part, async missing => {
      made += missing.length
      await later(5)
      return new Map(missing.map(key => [key, `${key} of ${number}`]))
    })
  }
  const results = await Promise.all([0, 1, 2, 3, 4].map(call))
  assert.is(made, 30)
  for (const key of keys) {
    const values = results.flatMap(got => got.get(key)?.value ?? [])
    assert.is(new Set(values).size, 1, key)
  }
})

holds('wait and late are for all keys together', async () => {
  const store = memoryStore<string>()
  await store.create('old', 'there')
  const other = elsewhere(store, 'other')
  let resolve = (_: string) => {}
  const slow = new Promise<string>(yes => (resolve = yes))
  const held = [getOrSet(other, 'b', () => slow), getOrSet(other, 'old', () => slow, { refresh: true })]
  await later(5)
  const options = { wait: 5, refresh: true }
  await assert.rejects(getOrSetMany(store, ['a', 'b'], upper, options), { code: 'ERR_KEY_CLAIMED' })
  assert.is((await store.get('a'))?.value, 'A')
  assert.equal(brief(await getOrSetMany(store, ['b'], upper, { ...options, late: 'compute' })), ['b B unstored'])
  assert.equal(brief(await getOrSetMany(store, ['old'], never, { ...options, late: 'stale' })), ['old there stale'])
  resolve('theirs')
  await Promise.all(held)
})

holds('removed, set and touched meanwhile: as getOrSet', async () => {
  const store = memoryStore<string>()
  for (const key of ['set', 'removed', 'touched']) await store.create(key, 'old', { ttl: 60_000 })
  const got = await getOrSetMany(
    store,
    ['set', 'removed', 'touched'],
    async (missing, to) => {
      assert.equal(
        missing.map(key => to.previous.get(key)?.value),
        ['old', 'old', 'old'],
      )
      assert.equal(
        missing.map(key => to.fences.get(key)),
        [1, 1, 1],
      )
      await store.update('set', 'theirs')
      await store.remove('removed')
      await store.touch('touched', 50_000)
      return upper(missing, to)
    },
    { refresh: true },
  )
  assert.equal(brief(got), ['set theirs met', 'removed REMOVED unstored', 'touched TOUCHED made'])
})

holds('a tombstone is respected', async () => {
  const store = memoryStore<string>()
  await store.create('a', 'x')
  await store.remove('a', { tombstone: 60_000 })
  assert.equal(brief(await getOrSetMany(store, ['a', 'b'], upper)), ['a A unstored', 'b B made'])
  assert.ok((await store.get('a'))?.gone)
})

holds('stale values at once, and new ones behind', async () => {
  const store = memoryStore<string>()
  const options = { ttl: 1, stale: 10_000 }
  await getOrSetMany(store, ['a', 'b'], upper, options)
  await later(5)
  const lower: ComputeMany<string> = missing => new Map(missing.map(key => [key, key]))
  const longer = { ...options, ttl: 10_000 }
  assert.equal(brief(await getOrSetMany(store, ['a', 'c', 'b'], lower, longer)), ['a A stale', 'c c made', 'b B stale'])
  await later(10)
  assert.equal(brief(await getOrSetMany(store, ['a', 'b'], never, longer)), ['a a hit', 'b b hit'])
})

holds('a call inside of the work for the same key is refused, whichever of both functions it is', async () => {
  const store = memoryStore<string>()
  const one = async () => new Map([['a', (await getOrSet(store, 'a', () => 'x')).value as string]])
  await assert.rejects(getOrSetMany(store, ['a'], one), { code: 'ERR_KEY_CLAIMED' })
  const many = async () => (await getOrSetMany(store, ['b', 'a'], upper)).get('a')?.value
  await assert.rejects(getOrSet(store, 'a', many), { code: 'ERR_KEY_CLAIMED' })
  assert.is(claimOn(store, 'a'), undefined)
})

holds('an abort is thrown, and what is made all the same is stored', async () => {
  const store = memoryStore<string>()
  let resolve = (_: Map<string, string>) => {}
  const compute = () => new Promise<Map<string, string>>(yes => (resolve = yes))
  const stop = new AbortController()
  const call = getOrSetMany(store, ['a'], compute, { signal: stop.signal })
  await later(20)
  stop.abort()
  await assert.rejects(call, { code: 'ABORT_ERR' })
  resolve(new Map([['a', 'late']]))
  await later(5)
  assert.is((await store.get('a'))?.value, 'late')
})

holds('bad input is refused', async () => {
  const store = memoryStore<string>()
  await assert.rejects(getOrSetMany(store, 'ab', upper), { code: 'ERR_INVALID_ARG_TYPE' })
  await assert.rejects(getOrSetMany(store, ['a', ''], upper), { code: 'ERR_INVALID_ARG_VALUE' })
  await assert.rejects(getOrSetMany(store, ['a'], 1 as never), { code: 'ERR_INVALID_ARG_TYPE' })
  await assert.rejects(getOrSetMany(store, ['a'], upper, { refresh: 'x' as never }), { code: 'ERR_INVALID_ARG_TYPE' })
  await assert.rejects(getOrSetMany(store, ['a'], (() => ({})) as never), { code: 'ERR_INVALID_RETURN_VALUE' })
  assert.is(driveSync(innerOf<string>(store).backing.read('a')), undefined)
})
