// The scenarios of the cache that this one follows: `ValidatingCache` of stacklok/toolhive has a test for each, whose name
// is in brackets.

import { ValidatingCache, type ValidatingCacheOptions } from 'holdfast/cache'
import { byHand, leavers, settled, verdicts } from '../support/caches.js'
import { assert, holds } from '../support/kit.js'

type Made = Partial<ValidatingCacheOptions<string, string>>

/** Loads `k` as `loaded:k`, and counts the loads. */
function cacheOf(options: Made = {}) {
  const { left, onEvict } = leavers()
  const loads: string[] = []
  const load = (key: string) => {
    loads.push(key)
    return `loaded:${key}`
  }
  return { cache: new ValidatingCache<string, string>({ max: 10, load, onEvict, ...options }), left, loads }
}

const refused = (options: object, code: string) =>
  assert.throws(() => new ValidatingCache(options as ValidatingCacheOptions<string, string>), { code })

holds(
  'no room for a value is refused (New_PanicsOnZeroCapacity)',
  () => void refused({ max: 0, load: () => '' }, 'ERR_OUT_OF_RANGE'),
)

holds(
  'a negative number of values is refused (New_PanicsOnNegativeCapacity)',
  () => void refused({ max: -1, load: () => '' }, 'ERR_OUT_OF_RANGE'),
)

holds('no load is refused (New_PanicsOnNilLoad)', () => void refused({ max: 1 }, 'ERR_INVALID_ARG_TYPE'))

holds(
  'a check that is no function is refused (New_PanicsOnNilCheck)',
  () => void refused({ max: 1, load: () => '', check: null }, 'ERR_INVALID_ARG_TYPE'),
)

holds('a miss calls load (CacheMiss_CallsLoad)', async () => {
  const { cache, loads } = cacheOf()
  assert.equal(await cache.get('a'), { value: 'loaded:a', source: 'loaded' })
  assert.equal(loads, ['a'])
})

holds('what was loaded is stored (CacheMiss_StoresResult)', async () => {
  const { cache, loads } = cacheOf()
  await cache.get('a')
  assert.equal(await cache.get('a'), { value: 'loaded:a', source: 'hit' })
  assert.equal(loads, ['a'])
})

holds('an error of load is thrown, and never stored (CacheMiss_LoadError_ReturnsNotFound)', async () => {
  const error = new Error('not today')
  let times = 0
  const load = () => {
    if (times++ === 0) throw error
    return 'second'
  }
  const { cache } = cacheOf({ load })
  assert.is(await cache.get('a').catch(one => one), error)
  assert.equal([cache.peek('a'), cache.size], [undefined, 0])
  assert.equal(await cache.get('a'), { value: 'second', source: 'loaded' })
})

holds('what is still good is returned (CacheHit_AliveCheck_ReturnsCached)', async () => {
  const checked: string[] = []
  const check = (key: string, value: string) => {
    checked.push(`${key} ${value}`)
    return 'valid' as const
  }
  const { cache, loads } = cacheOf({ check })
  await cache.get('a')
  assert.equal(checked, [], 'what has just been loaded is not checked')
  assert.equal(await cache.get('a'), { value: 'loaded:a', source: 'hit' })
  assert.equal([checked, loads], [['a loaded:a'], ['a']])
})

holds('what has expired leaves, and is loaded anew (CacheHit_Expired_EvictsAndCallsOnEvict)', async () => {
  for (const check of [() => 'expired' as const, async () => 'expired' as const]) {
    const { cache, left, loads } = cacheOf({ check })
    cache.set('a', 'old')
    assert.equal(await cache.get('a'), { value: 'loaded:a', source: 'loaded' })
    assert.equal([left, loads], [['a old expired'], ['a']])
  }
})

holds(
  'what has expired is gone, also if it cannot be loaded anew (CacheHit_Expired_EntryRemovedFromCache)',
  async () => {
    const error = new Error('gone')
    const load = () => Promise.reject(error)
    const { cache, left } = cacheOf({ check: () => 'expired', load })
    cache.set('a', 'old')
    assert.is(await cache.get('a').catch(one => one), error)
    assert.equal([cache.peek('a'), cache.size, left], [undefined, 0, ['a old expired']])
  },
)

holds('a check that fails leaves the value where it is (CacheHit_TransientCheckError_ReturnsCached)', async () => {
  const fails = () => {
    throw new Error('no route')
  }
  for (const check of [fails, async () => fails()]) {
    const { cache, left, loads } = cacheOf({ check })
    cache.set('a', 'old')
    assert.equal(await cache.get('a'), { value: 'old', source: 'stale' })
    assert.equal([cache.peek('a'), left, loads], ['old', [], []])
  }
})

holds('set stores a value (Set_StoresValue)', async () => {
  const { cache, loads } = cacheOf()
  cache.set('a', 'mine')
  assert.equal(await cache.get('a'), { value: 'mine', source: 'hit' })
  assert.equal(loads, [])
})

holds('set replaces a value, and the old one leaves (Set_UpdatesExisting)', async () => {
  const { cache, left } = cacheOf()
  cache.set('a', 'one')
  cache.set('a', 'two')
  assert.equal([cache.peek('a'), cache.size, left], ['two', 1, ['a one replaced']])
})

holds('the value that was used longest ago makes room (LRU_EvictsLeastRecentlyUsed)', async () => {
  const { cache, left } = cacheOf({ max: 2 })
  for (const key of ['a', 'b', 'c']) await cache.get(key)
  assert.equal(
    [left, cache.peek('a'), cache.peek('b'), cache.peek('c')],
    [['a loaded:a capacity'], undefined, 'loaded:b', 'loaded:c'],
  )
})

holds('get counts as a use (LRU_GetRefreshesMRUPosition)', async () => {
  for (const check of [undefined, () => 'valid' as const, async () => 'valid' as const]) {
    const { cache, left } = cacheOf({ max: 2, check })
    for (const key of ['a', 'b', 'a', 'c']) await cache.get(key)
    assert.equal(left, ['b loaded:b capacity'])
  }
})

holds('set counts as a use, peek does not (LRU_SetRefreshesMRUPosition)', () => {
  const { cache, left } = cacheOf({ max: 2 })
  for (const key of ['a', 'b', 'a', 'c']) cache.set(key, 'x')
  assert.equal(left, ['b x capacity'])
  cache.peek('a')
  cache.set('d', 'x')
  assert.equal(left, ['b x capacity', 'a x capacity'])
})

holds('one value is enough for a cache (LRU_CapacityOne)', async () => {
  const { cache, left } = cacheOf({ max: 1 })
  await cache.get('a')
  await cache.get('b')
  assert.equal([cache.size, left], [1, ['a loaded:a capacity']])
  assert.is((await cache.get('b')).source, 'hit')
})

holds('where there is room, nothing leaves (LRU_LargeCapacityNoEviction)', async () => {
  const { cache, left } = cacheOf({ max: 10_000 })
  const keys = Array.from({ length: 10_000 }, (_, at) => `k${at}`)
  await Promise.all(keys.map(key => cache.get(key)))
  for (const key of keys) assert.is((await cache.get(key)).source, 'hit')
  assert.equal([left, cache.size], [[], 10_000])
})

holds('size is the number of values (Len)', () => {
  const { cache } = cacheOf({ max: 3 })
  const sizes = ['a', 'b', 'b', 'c', 'd'].map(key => {
    cache.set(key, 'x')
    return cache.size
  })
  cache.delete('d')
  assert.equal([...sizes, cache.size], [1, 2, 2, 3, 3, 2])
})

holds('a value that is set before a load returns wins (Singleflight_SetBeforeLoadReturns)', async () => {
  const { load, at } = byHand<string>()
  const { cache, left } = cacheOf({ load })
  const got = [cache.get('a'), cache.get('a')]
  await settled()
  cache.set('a', 'set')
  at(0).resolve('loaded')
  for (const one of await Promise.all(got)) assert.equal(one, { value: 'set', source: 'hit' })
  await settled()
  assert.equal([cache.peek('a'), left], ['set', ['a loaded lost']])
})

holds('ten callers share one check and one load (Singleflight_DeduplicatesConcurrentLivenessChecks)', async () => {
  const [checks, loads] = [verdicts(), byHand<string>()]
  const { cache, left } = cacheOf({ check: checks.check, load: loads.load })
  cache.set('a', 'old')
  const got = Array.from({ length: 10 }, () => cache.get('a'))
  await settled()
  assert.equal([checks.calls.length, loads.calls.length], [1, 0])
  checks.at(0).resolve('expired')
  await settled()
  got.push(cache.get('a'))
  assert.equal([checks.calls.length, loads.calls.length], [1, 1])
  loads.at(0).resolve('new')
  for (const one of await Promise.all(got)) assert.equal(one, { value: 'new', source: 'loaded' })
  assert.equal(left, ['a old expired'])
})

holds('ten callers share one load (Singleflight_DeduplicatesConcurrentMisses)', async () => {
  const { load, at, calls } = byHand<string>()
  const { cache } = cacheOf({ load })
  const got = Array.from({ length: 10 }, () => cache.get('a'))
  await settled()
  at(0).resolve('new')
  assert.is(new Set((await Promise.all(got)).map(({ value }) => value)).size, 1)
  assert.is(calls.length, 1)
})

holds(
  'the loser of a race leaves once, and the winner never (Singleflight_EvictsLoserWhenLoadRacesWriter)',
  async () => {
    const { left, onEvict } = leavers()
    // The writer is quick, and inside the load itself.
    const cache: ValidatingCache<string, string> = new ValidatingCache({
      max: 2,
      onEvict,
      load: async (key: string) => {
        cache.set(key, 'winner')
        return 'loser'
      },
    })
    assert.is((await cache.get('a')).value, 'winner')
    await settled()
    assert.equal([cache.peek('a'), left], ['winner', ['a loser lost']])
  },
)

holds('what was stored before a call began is what it gets (Singleflight_ReCheckReturnsPreStoredValue)', async () => {
  const { load, at, calls } = byHand<string>()
  const { cache } = cacheOf({ load })
  const first = cache.get('a')
  await settled()
  cache.set('a', 'stored')
  assert.equal(await cache.get('a'), { value: 'stored', source: 'hit' })
  at(0).resolve('late')
  assert.is((await first).value, 'stored')
  assert.is(calls.length, 1)
})

holds('a mark that is stored during a load stays (Sentinel_StoredDuringLoad)', async () => {
  const { load, at } = byHand<string | symbol>()
  const { left, onEvict } = leavers()
  const ended = Symbol('ended')
  const cache = new ValidatingCache<string, string | symbol>({
    max: 2,
    load,
    onEvict: (k, v, w) => onEvict(k, String(v), w),
  })
  const got = cache.get('a')
  await settled()
  cache.set('a', ended)
  at(0).resolve('restored')
  assert.is((await got).value, ended)
  await settled()
  assert.equal([cache.peek('a'), left], [ended, ['a restored lost']])
})

holds('a mark that is there keeps load from being called (Sentinel_BlocksRestoreViaInitialHit)', async () => {
  const { cache, loads } = cacheOf()
  cache.set('a', 'ended')
  assert.equal(await cache.get('a'), { value: 'ended', source: 'hit' })
  assert.equal(loads, [])
})

holds('what is taken away only if it is what was seen stays otherwise (CompareAndSwap, both)', () => {
  const { cache, left } = cacheOf()
  cache.set('a', 'seen')
  assert.is(
    cache.deleteIf((key, value) => key === 'a' && value === 'another'),
    0,
  )
  assert.is(cache.peek('a'), 'seen')
  assert.is(
    cache.deleteIf((key, value) => key === 'a' && value === 'seen'),
    1,
  )
  assert.equal([cache.peek('a'), left], [undefined, ['a seen deleted']])
})
