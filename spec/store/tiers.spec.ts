// Tiers: the last store alone judges changes, and no copy is older than was said.

import { channel } from 'node:diagnostics_channel'
import type { Steps } from 'holdfast/steps'
import {
  type Backing,
  enabled,
  getOrSet,
  getOrSetMany,
  memoryStore,
  openStore,
  type Store,
  tiers,
} from 'holdfast/store'
import type { World } from 'holdfast/testing'
import { memoryBacking } from '../../lib/store/memory.js'
import { over } from '../../lib/store/over.js'
import { setsTheCopy } from '../broken/tiers.js'
import { assert, caught, explored, holds, nobodyThrew, prove } from '../support/kit.js'
import { laySteps, steppedBacking } from '../support/stepped.js'

const longMs = 60_000
const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

/** A store whose calls are counted, and fail while `broken` says so. */
function watched(memory = memoryBacking()) {
  const calls = { reads: 0, commits: 0, broken: false }
  const failing = function* <R>(count: 'reads' | 'commits', steps: Steps<R>): Steps<R> {
    calls[count]++
    if (calls.broken) throw Object.assign(new Error('the server is away'), { code: 'ECONNREFUSED' })
    return yield* steps
  }
  const backing = over(memory, {
    read: key => failing('reads', memory.read(key)),
    commit: (key, from, to) => failing('commits', memory.commit(key, from, to)),
  })
  return { calls, store: openStore<string>(backing), memory }
}

holds('reads fill the faster stores, and a hit asks the slower ones nothing', async () => {
  const [fast, middle, truth] = [watched(), watched(), watched()]
  const store = tiers([fast.store, middle.store, truth.store], { trust: longMs })
  const { entry } = await store.create('k', 'v', { ttl: longMs })
  assert.equal(await store.get('k'), entry)
  truth.calls.reads = middle.calls.reads = 0
  assert.equal(await store.get('k'), entry)
  assert.equal([truth.calls.reads, middle.calls.reads], [0, 0])
  // Another process has another memory, and the same server.
  const again = tiers([memoryStore<string>(), middle.store, truth.store], { trust: longMs })
  assert.equal(await again.get('k'), entry)
  assert.equal(await again.get('k'), entry)
  assert.equal([truth.calls.reads, middle.calls.reads], [0, 1])
  assert.is(await store.get('absent'), undefined)
})

holds('a change goes to the last store, and the copies are gone when it returns', async () => {
  const [fast, truth] = [watched(), watched()]
  const store = tiers([fast.store, truth.store], { trust: longMs })
  await store.create('k', '1')
  await store.get('k')
  assert.is((await store.update('k', ({ value }) => `${value}2`)).entry?.value, '12')
  assert.is((await store.get('k'))?.value, '12')
  const touched = await store.touch('k', longMs)
  assert.equal(await store.get('k'), touched.entry)
  assert.equal(await store.get('k'), touched.entry)
  await store.remove('k')
  assert.is(await store.get('k'), undefined)
  assert.is((await truth.store.get('k'))?.value, undefined)
  assert.equal([...store.keys()], [])
})

holds('a copy is returned for as long as it is trusted, and never past its end', async () => {
  const memory = memoryBacking()
  const store = tiers([memoryStore<string>(), openStore<string>(memory)], { trust: 250 })
  const others = openStore<string>(memory)
  const began = performance.now()
  await others.create('k', 'old')
  await others.create('short', 'v', { ttl: 120 })
  await store.getMany(['k', 'short'])
  await others.update('k', 'new')
  const { value } = (await store.get('k')) ?? {}
  if (performance.now() - began < 200) assert.is(value, 'old')
  await sleep(130)
  assert.is(await store.get('short'), undefined)
  await sleep(150)
  assert.is((await store.get('k'))?.value, 'new')
})

holds('whatever copies say, changes and refusals are judged by the last store', async () => {
  const memory = memoryBacking()
  const others = openStore<string>(memory)
  const store = tiers([memoryStore<string>(), openStore<string>(memory)], { trust: longMs })
  const { entry } = await store.create('k', '1')
  await store.get('k')
  const second = await others.update('k', '2')
  assert.is((await store.get('k'))?.value, '1')
  const refused = await store.update('k', '3', { ifVersion: entry?.version as string })
  assert.equal([refused.ok, refused.entry?.value], [false, '2'])
  assert.ok((await store.update('k', '3', { ifVersion: second.entry?.version as string })).ok)
  await store.get('k')
  await others.remove('k')
  assert.is((await store.update('k', '4')).ok, false)
  await others.create('k', '5')
  assert.is((await store.create('k', '6')).entry?.value, '5')
})

holds('getOrSet takes copies, and makes a value once among all', async () => {
  const memory = memoryBacking()
  const open = () => tiers([memoryStore<number>(), openStore<number>(memory)], { trust: longMs })
  let computed = 0
  const compute = async () => {
    await sleep(5)
    return ++computed
  }
  const stores = Array.from({ length: 5 }, open)
  const got = await Promise.all(stores.map(store => getOrSet(store, 'k', compute)))
  assert.equal([computed, new Set(got.map(({ value }) => value)).size], [1, 1])
  const [one, other] = stores as [Store<number>, Store<number>]
  await getOrSet(one, 'k', compute)
  const { version } = await getOrSet(other, 'k', compute)
  const renewed = await getOrSet(other, 'k', compute, { refresh: version as string })
  assert.equal([renewed.source, renewed.value], ['made', 2])
  // The other one has an old copy still, and what it is to replace is not what is there.
  const seen = await getOrSet(one, 'k', compute)
  assert.equal([seen.source, seen.value], ['hit', 1])
  const many = await getOrSetMany(one, ['k'], () => new Map())
  assert.equal(many.get('k')?.value, 1)
  assert.is((await getOrSet(one, 'k', compute, { refresh: seen.version as string })).value, 2)
})

holds(
  'a faster store that fails is an event, is left out of reads, and makes a change fail that it may hide',
  async () => {
    const [fast, truth] = [watched(), watched()]
    const store = tiers([fast.store, truth.store], { trust: longMs })
    await store.create('k', '1')
    await store.get('k')
    const events: { tier: number; key: string }[] = []
    const heard = channel('holdfast:tier-failed')
    const listen = (message: unknown) => events.push(message as (typeof events)[number])
    heard.subscribe(listen)
    fast.calls.broken = true
    assert.is((await store.get('k'))?.value, '1')
    assert.equal(
      events.map(({ tier, key }) => [tier, key]),
      [[0, 'k']],
    )
    const failed = await assert.rejects(store.update('k', '2'), { code: 'ERR_TIER_FAILED', message: /change was made/ })
    assert.equal([(failed as { tier?: number }).tier, (failed.cause as { code?: string }).code], [0, 'ECONNREFUSED'])
    assert.is((await truth.store.get('k'))?.value, '2')
    assert.is((await store.sweep()).debris, 0)
    heard.unsubscribe(listen)
    fast.calls.broken = false
    truth.calls.broken = true
    await assert.rejects(store.update('k', '3'), { code: 'ECONNREFUSED' })
    await assert.rejects(store.get('another'), { code: 'ECONNREFUSED' })
  },
)

holds('what is no copy is not taken for one, and what is too large is not copied', async () => {
  const [fast, small] = [watched(), memoryStore<string>({ maxValueBytes: 20 })]
  const truth = memoryStore<string>()
  await fast.store.create('k', 'of another program')
  await truth.create('k', 'v')
  const store = tiers([fast.store, truth], { trust: longMs })
  assert.is((await store.get('k'))?.value, 'v')
  assert.is((await store.get('k'))?.value, 'v')
  const other = tiers([small, truth], { trust: longMs })
  assert.is((await other.get('k'))?.value, 'v')
  assert.equal([...small.keys()], [])
})

holds('a store that is switched off is left out', async () => {
  const [fast, truth] = [watched(), watched()]
  for (const off of [{ reads: false }, { writes: false }]) {
    const store = tiers([enabled(fast.store, off), truth.store], { trust: longMs })
    await store.create('k', 'v')
    await store.get('k')
    await store.get('k')
    assert.equal([...fast.store.keys()], [])
    await store.remove('k')
  }
  const closed = tiers([fast.store, enabled(truth.store, { writes: false })])
  assert.is((await closed.create('k', 'v')).ok, false)
})

holds('sweep takes copies that are over, and one store alone is a store', async () => {
  const fast = memoryStore<string>()
  const store = tiers([fast, memoryStore<string>()], { trust: 5 })
  for (const key of ['a', 'b', 'c']) await store.create(key, key)
  await store.getMany(['a', 'b', 'c', 'absent'])
  await sleep(10)
  assert.ok((await store.sweep()).debris >= 1)
  assert.equal([...fast.keys()], [])
  const alone = tiers([memoryStore<string>()])
  await alone.create('k', 'v')
  assert.is((await alone.get('k'))?.value, 'v')
})

holds('bad input is refused', () => {
  const store = memoryStore()
  assert.throws(() => tiers([] as never), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => tiers(store as never), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => tiers([store, {} as never]), { code: 'ERR_INVALID_ARG_TYPE', message: /stores\[1\]/ })
  assert.throws(() => tiers([store], { trust: -1 }), { code: 'ERR_OUT_OF_RANGE' })
  assert.throws(() => tiers([store], { trusts: 1 } as never), { code: 'ERR_INVALID_ARG_VALUE' })
})

/** What was read, and when the change was over. */
interface Log {
  changedAt: number
  readonly reads: { readonly call: number; readonly value: string | undefined }[]
}

/** Players with one faster store and one truth read what one of them changes. */
function sharing(kind: (fast: Backing, truth: Backing) => Store<string>, change: 'update' | 'remove'): World {
  let log: Log = { changedAt: Number.POSITIVE_INFINITY, reads: [] }
  const old = 'old'
  const next = change === 'update' ? 'new' : undefined
  function* read(store: Store<string>, now: () => number): Steps<void> {
    for (let turn = 0; turn < 2; turn++) {
      const call = now()
      const value = (yield* store.get.steps('k'))?.value
      log.reads.push({ call, value })
      seen.add(value)
    }
  }
  function* write(store: Store<string>, now: () => number): Steps<void> {
    if (change === 'update') yield* store.update.steps('k', 'new')
    else yield* store.remove.steps('k')
    log.changedAt = now()
  }
  return {
    kills: 1,
    setup: dir => laySteps(dir, ['fast', 'truth']),
    players: dir => {
      let time = 0
      log = { changedAt: Number.POSITIVE_INFINITY, reads: [] }
      const [fast, truth] = [memoryBacking(() => 0), memoryBacking(() => 0)]
      openStore(truth).create.sync('k', old)
      const open = () => kind(steppedBacking(dir, fast, 'fast'), steppedBacking(dir, truth, 'truth'))
      const now = () => ++time
      return { R: read(open(), now), W: write(open(), now) }
    },
    check: ending => {
      nobodyThrew(ending)
      const late = log.reads.filter(({ call }) => call > log.changedAt)
      for (const { value } of late) assert.is(value, next, 'an old copy was put back')
    },
  }
}

const seen = new Set<string | undefined>()
const ours = (fast: Backing, truth: Backing) =>
  tiers([openStore<string>(fast), openStore<string>(truth)], { trust: Number.POSITIVE_INFINITY })

for (const change of ['update', 'remove'] as const)
  explored(`explored: when a change (${change}) has returned, no copy of the old value is there`, () => {
    seen.clear()
    const world = sharing(ours, change)
    assert.ok(prove(`tiers, ${change}`, world, { reduction: 'none' }, () => seen.size === 2).complete)
  })

explored('the same world catches: a copy that is set whatever has become of it', () => {
  caught('sets the copy', /an old copy was put back/, sharing(setsTheCopy, 'update'), { reduction: 'none' })
})
