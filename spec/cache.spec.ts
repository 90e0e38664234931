// `ValidatingCache`: what the scenarios of toolhive (./cache/toolhive.spec.ts) do not have.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setTimeout as later } from 'node:timers/promises'
import { type EvictReason, ValidatingCache, type ValidatingCacheOptions } from 'holdfast/cache'
import { byHand, leavers, settled, verdicts } from './support/caches.js'
import { assert, holds, runScript } from './support/kit.js'

type Made = Partial<ValidatingCacheOptions<string, string>>

function cacheOf(options: Made = {}) {
  const { left, onEvict } = leavers()
  const loads = byHand<string>()
  const cache = new ValidatingCache<string, string>({ max: 10, load: loads.load, onEvict, ...options })
  return { cache, left, loads }
}

/** Collects what is published meanwhile on a diagnostics channel. */
async function heard<T>(channel: string, work: () => Promise<unknown>): Promise<T[]> {
  const messages: T[] = []
  const listen = (message: unknown) => void messages.push(message as T)
  subscribe(channel, listen)
  try {
    await work()
  } finally {
    unsubscribe(channel, listen)
  }
  return messages
}

holds('bad options are refused', () => {
  const load = () => ''
  const bad: [object, string][] = [
    [{ load }, 'ERR_INVALID_ARG_TYPE'],
    [{ load, max: '3' }, 'ERR_INVALID_ARG_TYPE'],
    ...[1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 24 + 1].map((max): [object, string] => [
      { load, max },
      'ERR_OUT_OF_RANGE',
    ]),
    [{ load: {}, max: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [{ load, max: 1, onEvict: 'close' }, 'ERR_INVALID_ARG_TYPE'],
    [{ load, max: 1, onEvicted: load }, 'ERR_INVALID_ARG_VALUE'],
    [{ load, max: 1, maxAge: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ load, max: 1, timeouts: 5 }, 'ERR_INVALID_ARG_TYPE'],
    [{ load, max: 1, timeouts: { get: 5 } }, 'ERR_INVALID_ARG_VALUE'],
    [{ load, max: 1, timeouts: { load: Number.NaN } }, 'ERR_OUT_OF_RANGE'],
    [{ load, max: 1, timeouts: { check: '5' } }, 'ERR_INVALID_ARG_TYPE'],
  ]
  for (const [options, code] of bad)
    assert.throws(() => new ValidatingCache(options as ValidatingCacheOptions<string, string>), { code })
  for (const options of [undefined, null, 7])
    assert.throws(() => new ValidatingCache(options as never), { code: 'ERR_INVALID_ARG_TYPE' })
})

holds('bad arguments are refused, before anything is loaded', async () => {
  const { cache, loads } = cacheOf()
  for (const options of [null, 7, { signal: {} }, { timeout: 'long' }] as never[]) {
    await assert.rejects(cache.get('a', options), { code: 'ERR_INVALID_ARG_TYPE' })
    await assert.rejects(
      cache.use('a', () => {}, options),
      { code: 'ERR_INVALID_ARG_TYPE' },
    )
    await assert.rejects(cache.close(options), { code: 'ERR_INVALID_ARG_TYPE' })
  }
  await assert.rejects(cache.get('a', { timeOut: 5 } as never), { code: 'ERR_INVALID_ARG_VALUE' })
  await assert.rejects(cache.use('a', undefined as never), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => cache.set('a', undefined as never), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => cache.deleteIf(undefined as never), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.equal([loads.calls.length, cache.size], [0, 0])
  const load = cache.get('a')
  loads.at(0).resolve('there')
  assert.is((await load).value, 'there', 'it is not closed')
})

holds('each caller leaves by itself, and the load is aborted when the last has left', async () => {
  const { cache, left, loads } = cacheOf()
  const [one, two] = [new AbortController(), new AbortController()]
  const first = cache.get('a', { signal: one.signal })
  const second = cache.get('a', { signal: two.signal })
  const third = cache.get('a', { timeout: 20 })
  one.abort('enough')
  const error = await assert.rejects(first, { code: 'ABORT_ERR', name: 'AbortError' })
  assert.is(error.cause, 'enough')
  await assert.rejects(third, { code: 'ERR_TIMEOUT' })
  const { signal } = loads.at(0)
  assert.not(signal.aborted)
  two.abort()
  const last = await assert.rejects(second, { code: 'ABORT_ERR' })
  assert.ok(signal.aborted)
  assert.is(signal.reason, last, 'the load is given the reason')
  // What it makes all the same is nobody's, and a new caller has a load of its own.
  const next = cache.get('a')
  loads.at(0).resolve('late')
  await settled()
  assert.equal([left, cache.peek('a')], [['a late lost'], undefined])
  loads.at(1).resolve('new')
  assert.is((await next).value, 'new')
})

holds('a caller whose signal is aborted already gets nothing, not even what is there', async () => {
  const { cache, loads } = cacheOf()
  cache.set('a', 'there')
  for (const key of ['a', 'b'])
    await assert.rejects(cache.get(key, { signal: AbortSignal.abort('no') }), { code: 'ABORT_ERR' })
  assert.is(loads.calls.length, 0)
  assert.is((await cache.get('a', { timeout: 0 })).value, 'there', 'what is there takes no time')
  await assert.rejects(cache.get('b', { timeout: 0 }), { code: 'ERR_TIMEOUT' })
})

holds('an error of load is thrown to all who wait, that very object', async () => {
  const { cache, loads } = cacheOf()
  const all = [cache.get('a'), cache.get('a'), cache.use('a', () => 0)].map(one => one.catch(error => error))
  const error = new Error('mine')
  loads.at(0).reject(error)
  for (const one of await Promise.all(all)) assert.is(one, error)
  for (const nothing of [undefined, null, 0, 'text']) {
    const got = cache.get('b').then(
      () => 'resolved',
      reason => ({ reason }),
    )
    loads.calls.at(-1)?.reject(nothing)
    assert.equal(await got, { reason: nothing })
  }
})

holds('a load that throws at once, or returns no promise, is as good', async () => {
  const error = new Error('at once')
  const load = (key: string) => {
    if (key === 'bad') throw error
    return `made ${key}`
  }
  const { cache } = cacheOf({ load })
  assert.is(await cache.get('bad').catch(one => one), error)
  assert.equal(await cache.get('a'), { value: 'made a', source: 'loaded' })
  assert.equal(await cache.get('a'), { value: 'made a', source: 'hit' })
})

holds('a load that takes too long is given up for all, and what it makes later is let go', async () => {
  const { cache, left, loads } = cacheOf({ timeouts: { load: 20 } })
  const all = [cache.get('a'), cache.get('a', { timeout: 10_000 })]
  for (const one of all) {
    const error = await assert.rejects(one, { code: 'ERR_LOAD_TIMEOUT', name: 'TimeoutError' })
    assert.is(error.message, "The load of 'a' did not end within 20 ms")
    assert.is(loads.at(0).signal.reason, error)
  }
  loads.at(0).resolve('late')
  await settled()
  assert.equal([left, cache.size], [['a late lost'], 0])
})

holds('a check that takes too long has failed: the value is returned as stale', async () => {
  const { check, at } = verdicts()
  const { cache, left } = cacheOf({ check, timeouts: { check: 20 } })
  cache.set('a', 'there')
  const events = await heard<{ key: string; error: { code: string } }>('holdfast:check-failed', async () => {
    assert.equal(await cache.get('a'), { value: 'there', source: 'stale' })
  })
  assert.equal(
    events.map(({ key, error }) => `${key} ${error.code}`),
    ['a ERR_CHECK_TIMEOUT'],
  )
  assert.ok(at(0).signal.aborted)
  cache.delete('a')
  assert.equal(left, [], 'the check looks at the value still')
  at(0).resolve('expired')
  await settled()
  assert.equal(left, ['a there deleted'])
})

holds('a check that says neither is an error, and changes nothing', async () => {
  for (const check of [() => true, async () => undefined] as never[]) {
    const { cache } = cacheOf({ check })
    cache.set('a', 'there')
    await assert.rejects(cache.get('a'), { code: 'ERR_INVALID_RETURN_VALUE', message: /'valid' or 'expired'/ })
    assert.is(cache.peek('a'), 'there')
  }
})

holds('a verdict about a value that was replaced meanwhile says nothing of the new one', async () => {
  const { check, at, calls } = verdicts()
  const { cache, left } = cacheOf({ check })
  cache.set('a', 'old')
  const got = cache.get('a')
  cache.set('a', 'new')
  assert.equal(await got, { value: 'new', source: 'hit' })
  assert.ok(at(0).signal.aborted)
  at(0).resolve('expired')
  await settled()
  assert.equal([cache.peek('a'), left, calls.length], ['new', ['a old replaced'], 1])
})

holds('a check may change the cache itself', async () => {
  const sets: Made = {
    check(key, value) {
      if (value === 'old') cache.set(key, 'new')
      return 'expired'
    },
  }
  let { cache, left, loads } = cacheOf(sets)
  cache.set('a', 'old')
  const got = cache.get('a')
  loads.at(0).resolve('loaded')
  assert.is((await got).value, 'loaded')
  assert.equal(left, ['a old replaced', 'a new expired'])
  ;({ cache, left, loads } = cacheOf({
    check: async key => {
      cache.delete(key)
      return 'valid' as const
    },
  }))
  cache.set('a', 'old')
  const other = cache.get('a')
  await settled()
  loads.at(0).resolve('loaded')
  assert.equal([(await other).value, left], ['loaded', ['a old deleted']])
})

holds('keys are compared as a Map does', async () => {
  const cache = new ValidatingCache<unknown, string>({ max: 20, load: () => 'loaded' })
  const [one, other] = [{ id: 1 }, { id: 1 }]
  const keys = [one, other, 1, '1', null, undefined, Number.NaN, true, Symbol('s'), '[object Object]']
  for (const [at, key] of keys.entries()) cache.set(key, `value ${at}`)
  for (const [at, key] of keys.entries()) assert.is((await cache.get(key)).value, `value ${at}`)
  assert.is(cache.size, keys.length)
  assert.ok(cache.delete(undefined))
  assert.ok(cache.delete(Number.NaN))
  assert.equal([cache.peek(null), cache.peek(undefined), cache.size], ['value 4', undefined, keys.length - 2])
})

holds('falsy values are values, and of undefined nothing is stored', async () => {
  const values: unknown[] = [null, false, 0, '', Number.NaN]
  const cache = new ValidatingCache<number, unknown>({ max: 20, load: at => values[at] })
  for (const [at, value] of values.entries()) {
    assert.equal(await cache.get(at), { value, source: 'loaded' })
    assert.equal(await cache.get(at), { value, source: 'hit' })
  }
  assert.equal(await cache.get(99), { value: undefined, source: 'loaded' })
  assert.is(await cache.use(99, value => typeof value), 'undefined')
  assert.is(cache.size, values.length)
})

holds('the very value that is there goes on with its stay when it is set again, or loaded', async () => {
  const { left, onEvict } = leavers()
  const session = { toString: () => 'session' }
  const cache = new ValidatingCache<string, object>({
    max: 2,
    onEvict,
    load: async (key): Promise<object> => {
      cache.set(key, session)
      return session
    },
  })
  assert.is((await cache.get('a')).value, session)
  cache.set('a', session)
  await settled()
  assert.equal(left, [])
  cache.delete('a')
  assert.equal(left, ['a session deleted'])
})

holds('a value in use leaves the cache, and is disposed of when the last user has left', async () => {
  const { cache, left } = cacheOf({ max: 1 })
  cache.set('a', 'one')
  const works = [byHand<void>(), byHand<void>()]
  const signal = new AbortController().signal
  const using = works.map(({ load }) => cache.use('a', value => load(value, { signal }).then(() => `used ${value}`)))
  await settled()
  cache.set('b', 'two')
  assert.equal([cache.peek('a'), cache.size, left], [undefined, 1, []])
  works[0]?.at(0).resolve()
  assert.is(await using[0], 'used one')
  assert.equal(left, [])
  works[1]?.at(0).reject(new Error('in the work'))
  await assert.rejects(using[1] as Promise<string>, { message: /in the work/ })
  assert.equal(left, ['a one capacity'])
})

holds('one that was deleted while it was loaded is used, and then disposed of', async () => {
  const { cache, left, loads } = cacheOf()
  const work = byHand<void>()
  const using = cache.use('a', value => work.load(value, { signal: new AbortController().signal }))
  assert.not(cache.delete('a'))
  loads.at(0).resolve('one')
  await settled()
  assert.equal([left, cache.peek('a'), work.at(0).key], [[], undefined, 'one'])
  work.at(0).resolve()
  await using
  assert.equal(left, ['a one deleted'])
})

holds('the time of a use ends the wait for the value, not the work', async () => {
  const { cache, loads } = cacheOf()
  const using = cache.use('a', value => later(60, value), { timeout: 30 })
  loads.at(0).resolve('one')
  assert.is(await using, 'one')
})

holds('onEvict is called after the change, and may change the cache itself', async () => {
  const seen: string[] = []
  const cache: ValidatingCache<string, string> = new ValidatingCache({
    max: 1,
    load: key => `loaded ${key}`,
    onEvict(key, value, why) {
      seen.push(`${key} ${value} ${why}: ${cache.peek('a')}, ${cache.peek('b')}, ${cache.size}`)
      if (why === 'replaced') cache.set('b', 'from within')
      if (why === 'capacity') cache.delete('b')
    },
  })
  cache.set('a', 'one')
  cache.set('a', 'two')
  assert.equal(seen, [
    'a one replaced: two, undefined, 1',
    'a two capacity: undefined, from within, 1',
    'b from within deleted: undefined, undefined, 0',
  ])
})

holds('an onEvict that throws or rejects is an event, and no one’s error', async () => {
  const errors = [new Error('thrown'), new Error('rejected')]
  const cache = new ValidatingCache<string, string>({
    max: 1,
    load: () => '',
    onEvict: key => {
      if (key === 'a') throw errors[0]
      return Promise.reject(errors[1])
    },
  })
  const events = await heard('holdfast:evict-failed', async () => {
    for (const key of ['a', 'b', 'c']) cache.set(key, 'x')
    await settled()
  })
  assert.equal(events, [
    { key: 'a', why: 'capacity', error: errors[0] },
    { key: 'b', why: 'capacity', error: errors[1] },
  ])
  assert.is(cache.peek('c'), 'x')
})

holds('a value that is too old is loaded anew, and its check is not asked', async () => {
  const loads: string[] = []
  const { cache, left } = cacheOf({
    maxAge: 200,
    check: () => assert.unreachable('asked') as never,
    load: key => {
      loads.push(key)
      return `loaded ${loads.length}`
    },
  })
  cache.set('a', 'old')
  assert.is(cache.peek('a'), 'old')
  await later(210)
  assert.equal([cache.peek('a'), cache.size], [undefined, 1])
  assert.equal(await cache.get('a'), { value: 'loaded 1', source: 'loaded' })
  assert.equal(left, ['a old expired'])
})

holds(
  'deleteIf deletes what the test chooses, or nothing if it throws, and none of what is being loaded is stored',
  async () => {
    const { cache, left, loads } = cacheOf()
    for (const key of ['a1', 'a2', 'b1']) cache.set(key, `v${key}`)
    const throws = (key: string) => {
      if (key === 'a2') throw new Error('the test')
      return true
    }
    assert.throws(() => cache.deleteIf(throws), { message: /the test/ })
    assert.equal([cache.size, left], [3, []])
    const got = cache.get('a3')
    assert.is(
      cache.deleteIf((key, value) => key.startsWith('a') && value.startsWith('v')),
      2,
    )
    loads.at(0).resolve('late')
    assert.is((await got).value, 'late')
    await settled()
    assert.equal([cache.size, left.sort()], [1, ['a1 va1 deleted', 'a2 va2 deleted', 'a3 late deleted']])
  },
)

holds('a load that asks for its own key is refused, and not waited for', async () => {
  const cache: ValidatingCache<string, string> = new ValidatingCache({
    max: 2,
    load: async key => (await cache.get(key === 'a' ? 'a' : 'c')).value,
    check: async key => ((await cache.get(key)).value ? 'valid' : 'expired'),
  })
  await assert.rejects(cache.get('a'), { code: 'ERR_WAITS_FOR_ITSELF', message: /'a'/ })
  cache.set('b', 'there')
  const events = await heard<{ error: { code: string } }>('holdfast:check-failed', async () => {
    assert.is((await cache.get('b')).source, 'stale')
  })
  assert.is(events[0]?.error.code, 'ERR_WAITS_FOR_ITSELF')
})

holds('close rejects those who wait, and ends when every value was disposed of', async () => {
  const why: string[] = []
  const disposals = byHand<void>()
  const loads = byHand<string>()
  const cache = new ValidatingCache<string, string>({
    max: 3,
    load: loads.load,
    onEvict: (key, value, reason: EvictReason) => {
      why.push(`${key} ${value} ${reason}`)
      return disposals.load(value, { signal: new AbortController().signal })
    },
  })
  for (const key of ['a', 'b']) cache.set(key, 'x')
  const work = byHand<void>()
  const using = cache.use('b', value => work.load(value, { signal: new AbortController().signal }))
  const waits = cache.get('c')
  await settled()
  let closed = 0
  const closing = [cache.close(), cache.close(), cache[Symbol.asyncDispose]()].map(one => one.then(() => closed++))
  await assert.rejects(waits, { code: 'ERR_CACHE_CLOSED' })
  assert.equal([why, loads.at(0).signal.aborted, cache.size], [['a x closed'], true, 0])
  for (const call of [() => cache.get('a'), () => cache.use('a', () => {})])
    await assert.rejects(call(), { code: 'ERR_CACHE_CLOSED' })
  assert.throws(() => cache.set('a', 'x'), { code: 'ERR_CACHE_CLOSED' })
  assert.equal([cache.delete('a'), cache.deleteIf(() => true), cache.peek('a')], [false, 0, undefined])
  const ends = [() => disposals.at(0).resolve(), () => work.at(0).resolve(), () => loads.at(0).resolve('late')]
  for (const end of ends) {
    end()
    await settled()
    assert.is(closed, 0)
  }
  await using
  assert.equal(why, ['a x closed', 'b x closed', 'c late closed'])
  await assert.rejects(cache.close({ timeout: 5 }), { code: 'ERR_TIMEOUT' })
  await assert.rejects(cache.close({ signal: AbortSignal.abort() }), { code: 'ABORT_ERR' })
  disposals.at(1).resolve()
  disposals.at(2).reject(new Error('it cannot be closed'))
  await Promise.all(closing)
  assert.is(closed, 3)
})

holds('a call to close whose signal is aborted closes the cache all the same', async () => {
  const { cache, left } = cacheOf()
  cache.set('a', 'x')
  await cache.close({ signal: AbortSignal.abort() })
  assert.equal(left, ['a x closed'])
  await assert.rejects(cache.get('a'), { code: 'ERR_CACHE_CLOSED' })
})

holds('neither rejections nor timers are left over', () => {
  const script = `
    const { ValidatingCache } = await import(${JSON.stringify(import.meta.resolve('holdfast/cache'))})
    const cache = new ValidatingCache({
      max: 1, timeouts: { load: 3_600_000, check: 3_600_000 }, check: async () => { throw new Error('check') },
      load: key => new Promise((_, reject) => setTimeout(reject, 30, new Error('late'))),
    })
    const stop = new AbortController()
    const all = [cache.get('a', { signal: stop.signal, timeout: 3_600_000 }), cache.get('b', { timeout: 3_600_000 })]
    stop.abort()
    cache.set('b', 1)
    console.log((await Promise.allSettled(all)).map(({ status }) => status).join())
    console.log((await cache.get('b', { timeout: 3_600_000 })).source)
    cache.get('c').catch(() => {})
    await cache.close()`
  assert.equal(runScript(script), { said: 'rejected,fulfilled\nstale\n', code: 0 })
})

holds('a cache that is used for long keeps nothing of what has left', async () => {
  const script = `
    const { ValidatingCache } = await import(${JSON.stringify(import.meta.resolve('holdfast/cache'))})
    const cache = new ValidatingCache({ max: 10, load: async key => Buffer.alloc(100_000, key), check: async () => 'valid' })
    const keep = new AbortController()
    const turn = async at => {
      const got = cache.get(at, { signal: keep.signal, timeout: 3_600_000 })
      if (at % 3 === 0) cache.delete(at)
      if (at % 3 === 1) cache.set(at, Buffer.alloc(100_000))
      await got
      await cache.use(at, () => {})
    }
    for (let at = 0; at < 1000; at++) await turn(at)
    gc()
    await new Promise(resolve => setTimeout(resolve, 10))
    gc()
    console.log(process.memoryUsage().arrayBuffers < 20_000_000)`
  assert.equal(runScript(script, [], { nodeArgs: ['--expose-gc'] }), { said: 'true\n', code: 0 })
})
