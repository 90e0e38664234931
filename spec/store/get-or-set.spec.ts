// `getOrSet` in one process: what each option does, whose value callers get, and what is left in the store.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setTimeout as later } from 'node:timers/promises'
import { door, driveSync, type SingleCall, type Steps } from 'holdfast/steps'
import {
  type Backing,
  type Entry,
  fileStore,
  getOrSet,
  type Kept,
  memoryStore,
  multiScope,
  prefix,
  type Store,
  scope,
  stats,
  type Task,
  unknownOutcome,
} from 'holdfast/store'
import { innerOf } from '../../lib/store/inner.js'
import { assert, holds, scratch } from '../support/kit.js'
import { until } from '../support/left.js'
import { deaf, elsewhere, failing } from '../support/stores.js'

/** A value that is made when the test says so. */
function slow<T>() {
  let [resolve, reject] = [(_: T | undefined) => {}, (_: Error) => {}]
  const promise = new Promise<T | undefined>((yes, no) => {
    resolve = yes
    reject = no
  })
  const calls: AbortSignal[] = []
  const compute = ({ signal }: { signal: AbortSignal }) => {
    calls.push(signal)
    return promise
  }
  return { compute, calls, resolve, reject }
}

/** Long enough that all that can go on by itself has gone on. */
const settled = () => later(20)
const never = (): never => {
  throw new Error('computed')
}
const versionIn = async <T>(store: Store<T>, key: string): Promise<string> => (await store.get(key))?.version as string
/** What an engine has of a key, claims included. */
const stateOf = <T>(store: Store<T>, key: string): Kept | undefined => driveSync(innerOf<T>(store).backing.read(key))

holds('a miss is made and stored, and a hit is not', async () => {
  const store = memoryStore<number>()
  const made = await getOrSet(store, 'a', () => 1)
  assert.equal([made.value, made.source, made.version], [1, 'made', await versionIn(store, 'a')])
  assert.equal(await getOrSet(store, 'a', never), { ...made, source: 'hit' })
  assert.equal(getOrSet.sync(store, 'a', never), { ...made, source: 'hit' })
  assert.is(getOrSet.sync(store, 'b', () => 2).source, 'made')
  assert.is(stateOf(store, 'b')?.claim, undefined)
})

/** The names of the calls that steps make. */
function callsOf(steps: Steps<unknown>): string[] {
  const calls: string[] = []
  const noting = (call: SingleCall) => {
    calls.push(call.op)
    return door.performSync(call)
  }
  driveSync(steps, { door: { ...door, performSync: noting } })
  return calls
}

holds('a hit makes the calls of a get, and no others', async () => {
  const store = fileStore<string>(scratch(), { durability: 'none' })
  for (const value of ['short', 'long'.repeat(100)]) {
    await getOrSet(store, value, () => value)
    const get = callsOf(store.get.steps(value))
    assert.ok(get.length > 0)
    assert.equal(callsOf(getOrSet.steps(store, value, never)), get)
  }
})

holds('falsy values are values', async () => {
  const store = memoryStore<unknown>()
  for (const value of [null, false, 0, '']) {
    const key = `${value}!`
    assert.is((await getOrSet(store, key, () => value)).source, 'made')
    assert.is((await getOrSet(store, key, never)).value, value)
  }
})

holds('callers of one thread share one computation, and get the very same value', async () => {
  const store = memoryStore<object>()
  const { compute, calls, resolve } = slow<object>()
  const all = Array.from({ length: 50 }, () => getOrSet(store, 'a', compute))
  await settled()
  resolve({})
  const got = await Promise.all(all)
  assert.is(calls.length, 1)
  assert.is(new Set(got.map(({ value }) => value)).size, 1)
  assert.equal(
    got.map(({ source }) => source),
    ['made', ...Array(49).fill('waited')],
  )
})

holds('what compute throws is thrown to all of them, that very object, and nothing is stored', async () => {
  const store = memoryStore<number>()
  const { compute, calls, reject } = slow<number>()
  const all = Array.from({ length: 5 }, () => getOrSet(store, 'a', compute).catch(error => error))
  await settled()
  const error = new Error('mine')
  reject(error)
  assert.ok((await Promise.all(all)).every(one => one === error))
  assert.is(calls.length, 1)
  assert.is(stateOf(store, 'a'), undefined)
  assert.is((await getOrSet(store, 'a', () => 2)).value, 2)
})

holds('compute returns undefined: nothing is stored, and the old value stays', async () => {
  const store = memoryStore<number>()
  const none = { value: undefined, version: undefined, source: 'unstored' }
  assert.equal(await getOrSet(store, 'a', () => undefined), none)
  assert.is(stateOf(store, 'a'), undefined)
  await store.create('a', 1)
  const version = await versionIn(store, 'a')
  assert.equal(await getOrSet(store, 'a', async () => undefined, { refresh: true }), none)
  assert.equal([(await store.get('a'))?.value, await versionIn(store, 'a')], [1, version])
  assert.is(stateOf(store, 'a')?.claim, undefined)
})

holds('removed meanwhile: it is not stored, and the caller is served', async () => {
  for (const tombstone of [0, 1000]) {
    const store = memoryStore<number>()
    await store.create('a', 1)
    const { compute, calls, resolve } = slow<number>()
    const got = getOrSet(store, 'a', compute, { refresh: true })
    await settled()
    assert.is((await store.get('a'))?.value, 1, 'readers go on with the old value')
    assert.ok((await store.remove('a', { tombstone })).ok)
    assert.not(calls[0]?.aborted)
    resolve(2)
    assert.equal(await got, { value: 2, version: undefined, source: 'unstored' })
    assert.is((await store.get('a'))?.value, undefined)
  }
})

holds('a claim on nothing is removed as well, and a caller that comes later has a computation of its own', async () => {
  const store = memoryStore<number>()
  const { compute, resolve } = slow<number>()
  const first = getOrSet(store, 'a', compute)
  await settled()
  await store.remove('a')
  assert.equal(await getOrSet(store, 'a', () => 2).then(({ value, source }) => [value, source]), [2, 'made'])
  resolve(1)
  assert.equal(await first.then(({ value, source }) => [value, source]), [2, 'met'])
})

holds('set meanwhile: the first wins, or the last', async () => {
  for (const conflict of ['first-wins', 'last-wins'] as const) {
    const store = memoryStore<number>()
    const { compute, resolve } = slow<number>()
    const got = getOrSet(store, 'a', compute, { conflict })
    await settled()
    await store.create('a', 1)
    resolve(2)
    const { value, source, version } = await got
    assert.equal([value, source], conflict === 'first-wins' ? [1, 'met'] : [2, 'made'])
    assert.equal([(await store.get('a'))?.value, await versionIn(store, 'a')], [value, version])
  }
})

holds('the last does not win over a removal', async () => {
  const store = memoryStore<number>()
  await store.create('a', 1)
  const { compute, resolve } = slow<number>()
  const got = getOrSet(store, 'a', compute, { conflict: 'last-wins', refresh: true })
  await settled()
  await store.update('a', 2)
  await store.remove('a')
  resolve(3)
  assert.is((await got).source, 'unstored')
  assert.is(await store.get('a'), undefined)
})

holds('touched meanwhile: the claim stays, and the value is stored', async () => {
  const store = memoryStore<number>()
  await store.create('a', 1, { ttl: 60_000 })
  const { compute, calls, resolve } = slow<number>()
  const got = getOrSet(store, 'a', compute, { refresh: true })
  await settled()
  for (let times = 0; times < 5; times++) assert.ok((await store.touch('a', 120_000 + times)).ok)
  const other = getOrSet(store, 'a', compute, { refresh: true })
  await settled()
  resolve(2)
  assert.equal([(await got).source, (await other).source, calls.length], ['made', 'waited', 1])
  assert.is((await store.get('a'))?.value, 2)
})

holds('refresh: true makes the value anew, also for those that come meanwhile', async () => {
  const store = memoryStore<number>()
  const { version } = await getOrSet(store, 'a', () => 1)
  const anew = await getOrSet(store, 'a', ({ previous }) => (previous?.value ?? 0) + 1, { refresh: true })
  assert.equal([anew.value, anew.source, anew.version === version], [2, 'made', false])
})

holds('refresh: a version makes the value anew unless there is another by now', async () => {
  const store = memoryStore<number>()
  const { version } = await getOrSet(store, 'a', () => 1)
  const refresh = version as string
  let computed = 0
  const compute = async () => {
    await later(5)
    return ++computed + 1
  }
  const got = await Promise.all(Array.from({ length: 8 }, () => getOrSet(store, 'a', compute, { refresh })))
  assert.equal([computed, new Set(got.map(({ value }) => value))], [1, new Set([2])])
  assert.equal(await getOrSet(store, 'a', compute, { refresh }), { ...(got[0] as object), source: 'hit' })
  await store.remove('a')
  assert.is((await getOrSet(store, 'a', compute, { refresh })).value, 3)
})

holds('previous is the value that is there, and the one that has expired only within stale', async () => {
  const store = memoryStore<number>()
  await getOrSet(store, 'a', () => 1, { ttl: 1, stale: 10_000 })
  await later(5)
  const seen: unknown[] = []
  const look = ({ previous, fence, key }: { previous: unknown; fence: number; key: string }) => {
    seen.push((previous as { value: number } | undefined)?.value, fence, key)
    return undefined
  }
  await getOrSet(store, 'a', look)
  await getOrSet.sync(store, 'a', look, { stale: 10_000 })
  assert.equal(seen, [undefined, 2, 'a', 1, 3, 'a'])
})

const lasting = (ms: number) => (to: Task<number>) => {
  to.ttl(ms)
  return 1
}

holds('ttl: of the option, or what the task says', async () => {
  const store = memoryStore<number>()
  const lives = async (key: string) =>
    (((await store.get(key)) as Entry<number>).expires ?? Number.POSITIVE_INFINITY) - Date.now()
  await getOrSet(store, 'a', () => 1, { ttl: 60_000 })
  await getOrSet(store, 'b', lasting(5_000), { ttl: 60_000 })
  await getOrSet(store, 'c', () => 1)
  assert.ok(Math.abs((await lives('a')) - 60_000) < 5_000)
  assert.ok(Math.abs((await lives('b')) - 5_000) < 2_000)
  assert.is(await lives('c'), Number.POSITIVE_INFINITY)
})

holds('stale: the old value at once, and one call makes a new one behind', async () => {
  const store = memoryStore<number>()
  const options = { ttl: 20, stale: 10_000 }
  await getOrSet(store, 'a', () => 1, options)
  await later(30)
  const { compute, calls, resolve } = slow<number>()
  const got = await Promise.all(
    Array.from({ length: 5 }, () => getOrSet(store, 'a', compute, { ...options, ttl: 10_000 })),
  )
  assert.ok(got.every(({ value, source }) => value === 1 && source === 'stale'))
  assert.is(calls.length, 1)
  // Who takes no stale value waits.
  const strict = getOrSet(store, 'a', never)
  resolve(2)
  assert.equal(await strict.then(({ value, source }) => [value, source]), [2, 'waited'])
  assert.is((await getOrSet(store, 'a', never, options)).source, 'hit')
})

holds('stale: what fails behind is said to those that listen, and the next call tries again', async () => {
  const store = memoryStore<number>()
  const options = { ttl: 1, stale: 10_000 }
  await getOrSet(store, 'a', () => 1, options)
  await later(5)
  const said: unknown[] = []
  const listen = (message: unknown) => void said.push(message)
  subscribe('holdfast:refresh-failed', listen)
  const error = new Error('mine')
  const fails = () => Promise.reject(error)
  assert.is((await getOrSet(store, 'a', fails, { ...options, staleOnError: false })).source, 'stale')
  await until(() => said.length > 0)
  unsubscribe('holdfast:refresh-failed', listen)
  assert.equal(said, [{ key: 'a', error }])
  assert.is((await getOrSet(store, 'a', () => 2, options)).source, 'stale')
  await settled()
  assert.is((await getOrSet(store, 'a', never, options)).value, 2)
})

holds('staleOnError: the old value instead of the error, within stale', async () => {
  const store = memoryStore<number>()
  const options = { ttl: 1, stale: 10_000 }
  await getOrSet(store, 'a', () => 1, options)
  await later(5)
  // In the sync form, the call that finds it stale makes the new one.
  assert.equal(getOrSet.sync(store, 'a', never, options).source, 'stale')
  assert.throws(() => getOrSet.sync(store, 'a', never, { ...options, staleOnError: false }), { message: /computed/ })
  const fresh = await getOrSet(store, 'b', () => 1)
  const refresh = { refresh: fresh.version as string }
  await assert.rejects(getOrSet(store, 'b', never, refresh), { message: /computed/ })
  const kept = await getOrSet(store, 'b', never, { ...refresh, staleOnError: true })
  assert.equal([kept.value, kept.source], [1, 'stale'])
  assert.is(stateOf(store, 'b')?.claim, undefined)
})

holds('each caller leaves by its own signal and timeout; the last one ends the work', async () => {
  const store = memoryStore<number>()
  const { compute, calls, reject } = slow<number>()
  const stop = new AbortController()
  const first = getOrSet(store, 'a', compute, { signal: stop.signal }).catch(error => error)
  await settled()
  const second = getOrSet(store, 'a', compute, { timeout: 1_500 }).catch(error => error)
  await settled()
  stop.abort('mine')
  assert.is((await first).code, 'ABORT_ERR')
  assert.not(calls[0]?.aborted, 'another waits')
  assert.is((await second).code, 'ERR_TIMEOUT')
  await settled()
  assert.ok(calls[0]?.aborted)
  assert.ok(stateOf(store, 'a')?.claim, 'the work goes on')
  reject(new Error('ended'))
  await settled()
  assert.is(stateOf(store, 'a'), undefined)
})

holds('what is made after all callers have left is stored', async () => {
  const store = memoryStore<number>()
  const { compute, resolve } = slow<number>()
  const stop = new AbortController()
  const first = getOrSet(store, 'a', compute, { signal: stop.signal })
  await settled()
  stop.abort()
  await assert.rejects(first, { code: 'ABORT_ERR' })
  const next = getOrSet(store, 'a', () => 2)
  await settled()
  resolve(1)
  assert.equal(await next.then(({ value, source }) => [value, source]), [1, 'waited'])
})

holds('wait and late: an error that says who holds the claim, a value of its own, or the old one', async () => {
  const store = memoryStore<number>()
  await store.create('old', 1)
  const refresh = await versionIn(store, 'old')
  const { compute, calls, resolve } = slow<number>()
  const first = [getOrSet(store, 'a', compute), getOrSet(store, 'old', compute, { refresh })]
  await settled()
  for (const wait of [false, 5] as const) {
    const error = await assert.rejects(getOrSet(store, 'a', never, { wait }), {
      code: 'ERR_KEY_CLAIMED',
      message: /"a"/,
    })
    const { holder, cause, key } = error as unknown as { holder: object; cause?: { code: string }; key: string }
    assert.equal([key, (holder as { alive: boolean }).alive, (holder as { fence: number }).fence], ['a', true, 1])
    assert.is(cause?.code, wait === false ? undefined : 'ERR_TIMEOUT')
  }
  const alone = await getOrSet(store, 'a', () => 5, { wait: 5, late: 'compute' })
  assert.equal(alone, { value: 5, version: undefined, source: 'unstored' })
  const old = await getOrSet(store, 'old', never, { refresh, wait: 5, late: 'stale' })
  assert.equal([old.value, old.source], [1, 'stale'])
  await assert.rejects(getOrSet(store, 'a', never, { wait: false, late: 'stale' }), { code: 'ERR_KEY_CLAIMED' })
  const patient = getOrSet(store, 'a', never, { wait: 10_000 })
  resolve(2)
  assert.equal(
    (await Promise.all([...first, patient])).map(({ value }) => value),
    [2, 2, 2],
  )
  assert.is(calls.length, 2)
})

holds('one call whose time is over does not end the wait of the others', async () => {
  const store = memoryStore<number>()
  const { compute, resolve } = slow<number>()
  const holder = getOrSet(elsewhere(store, 'other'), 'a', compute)
  await settled()
  const hasty = getOrSet(store, 'a', never, { wait: 10 }).catch(error => error)
  const patient = getOrSet(store, 'a', never)
  assert.is((await hasty).code, 'ERR_KEY_CLAIMED')
  resolve(1)
  assert.equal(
    (await Promise.all([holder, patient])).map(({ value }) => value),
    [1, 1],
  )
})

holds(
  'inside compute, a call for the same key is refused, also by another way, and one for another key is not',
  async () => {
    const store = memoryStore<number>()
    const itself = () => getOrSet(store, 'a', () => 1).then(({ value }) => value)
    await assert.rejects(getOrSet(store, 'a', itself), { code: 'ERR_KEY_CLAIMED' })
    const around = () => getOrSet(store, 'b', itself).then(({ value }) => value)
    await assert.rejects(getOrSet(store, 'a', around), { code: 'ERR_KEY_CLAIMED' })
    assert.is((await getOrSet(store, 'b', itself)).value, 1)
    const blocked = async () => getOrSet.sync(store, 'c', () => 1).value
    await assert.rejects(getOrSet(store, 'c', blocked), { code: 'ERR_KEY_CLAIMED' })
  },
)

holds('calls of one thread share a flight, whichever wrappers of the store they go through', async () => {
  const store = memoryStore<number>()
  const ways: Record<string, () => Store<number>> = {
    prefix: () => prefix(store, 'p:'),
    scope: () => scope(store, 'one'),
    'a scope in a prefix': () => stats(scope(prefix(store, 's:'), 'one')),
    'several scopes': () => multiScope(store, [scope(store, 'a'), scope(store, 'b')]),
  }
  for (const [name, open] of Object.entries(ways)) {
    const { compute, calls, reject } = slow<number>()
    const got = [1, 2, 3].map(() => getOrSet(open(), 'k', compute))
    await settled()
    const failure = new Error('mine')
    reject(failure)
    // Calls that share no flight would try themselves.
    for (const one of got) assert.is(await one.catch(error => error), failure, name)
    assert.is(calls.length, 1, name)
    const itself = () => getOrSet(open(), 'l', () => 1).then(({ value }) => value)
    await assert.rejects(getOrSet(open(), 'l', itself), { code: 'ERR_KEY_CLAIMED' })
  }
})

holds('scopes of one name whose generations are in two stores share no flight', async () => {
  const store = memoryStore<number>()
  const open = () => scope(store, 'one', { generations: memoryStore<string>() })
  const got = await Promise.all([1, 2].map(number => getOrSet(open(), 'k', () => settled().then(() => number))))
  assert.equal(
    got.map(({ value, source }) => [value, source]),
    [
      [1, 'made'],
      [2, 'made'],
    ],
  )
})

holds('claim: false stores without a claim, and does not wait for one', async () => {
  const store = memoryStore<number>()
  let claimed: unknown
  const got = await getOrSet(
    store,
    'a',
    ({ fence }) => {
      claimed = stateOf(store, 'a')
      return fence
    },
    { claim: false },
  )
  assert.equal([got.value, got.source, claimed], [0, 'made', undefined])
  const { compute, resolve } = slow<number>()
  const other = getOrSet(elsewhere(store, 'other'), 'b', compute)
  await settled()
  assert.is((await getOrSet(store, 'b', () => 1, { claim: false })).source, 'made')
  resolve(2)
  assert.equal(await other.then(({ value, source }) => [value, source]), [1, 'met'])
})

holds('a tombstone is respected: the value is made, and not stored', async () => {
  const store = memoryStore<number>()
  await store.create('a', 1)
  await store.remove('a', { tombstone: 60_000 })
  assert.equal(await getOrSet(store, 'a', () => 2), { value: 2, version: undefined, source: 'unstored' })
  assert.ok((await store.get('a'))?.gone)
})

holds('what the codec cannot read is made anew, and what it cannot spell is refused', async () => {
  const store = memoryStore<unknown>()
  await store.create('a', 'x')
  const codec = {
    encode: () => Buffer.from('?'),
    decode: (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()),
  }
  const odd = memoryStore<unknown>({ codec })
  await odd.create('a', 1)
  await assert.rejects(odd.get('a'), { code: 'ERR_BAD_VALUE' })
  assert.is((await getOrSet(odd, 'a', ({ previous }) => previous ?? 'new')).source, 'made')
  await assert.rejects(
    getOrSet(store, 'b', () => Number.NaN),
    { code: 'ERR_INVALID_ARG_TYPE' },
  )
  assert.is(stateOf(store, 'b'), undefined)
})

holds('heartbeats keep a claim on which another waits, also when its thread is not known to live', async () => {
  const store = memoryStore<number>()
  const { compute, calls, resolve } = slow<number>()
  const first = getOrSet(elsewhere(store, 'one'), 'a', compute, { lease: 1_500 })
  await later(10)
  const second = getOrSet(elsewhere(store, 'two'), 'a', compute, { lease: 1_500 })
  await later(2_000)
  resolve(1)
  assert.equal(
    (await Promise.all([first, second])).map(({ value }) => value),
    [1, 1],
  )
  assert.is(calls.length, 1)
})

holds(
  'a claim without heartbeats is taken over after its lease, and a late holder waits for the new value',
  async () => {
    const store = memoryStore<number>()
    const { compute, resolve } = slow<number>()
    const first = getOrSet(elsewhere(store, 'one', deaf), 'a', compute, { lease: 30 })
    await later(10)
    const { compute: other, calls, resolve: resolveOther } = slow<number>()
    const second = getOrSet(elsewhere(store, 'two'), 'a', other)
    await until(() => calls.length > 0)
    assert.is(calls.length, 1)
    resolve(1)
    await later(10)
    resolveOther(2)
    assert.equal(await second.then(({ value, source }) => [value, source]), [2, 'made'])
    assert.equal(await first.then(({ value, source }) => [value, source]), [2, 'met'])
  },
)

/** An engine whose reply to a publication is lost: it was done, or not; and it may be that nothing can be read afterwards. */
const losing =
  (isDone: boolean, canRead: boolean) =>
  (backing: Backing): Partial<Backing> => {
    let isLost = false
    return {
      *read(key) {
        if (isLost && !canRead) throw new Error('no connection')
        return yield* backing.read(key)
      },
      *commit(key, from, to) {
        if (isLost || !from?.claim || !to || !ArrayBuffer.isView(to.data)) return yield* backing.commit(key, from, to)
        isLost = true
        if (isDone) yield* backing.commit(key, from, to)
        throw unknownOutcome(key, from, to, new Error('no reply'))
      },
    }
  }

holds('an unknown outcome of the publication is looked at again, and what was made is not lost', async () => {
  for (const isDone of [true, false]) {
    const store = memoryStore<number>()
    const got = await getOrSet(elsewhere(store, 'one', losing(isDone, true)), 'a', () => 1)
    assert.equal(got, { value: 1, version: await versionIn(store, 'a'), source: 'made' })
    const error = await assert.rejects(
      getOrSet(elsewhere(store, 'one', losing(isDone, false)), 'b', () => 2),
      { code: 'ERR_UNKNOWN_OUTCOME' },
    )
    assert.is((error as unknown as { value: number }).value, 2)
    assert.not(Object.keys(error).includes('value'), 'values may be secrets, and errors are logged')
  }
})

holds('an error of the engine has what was made, and leaves no claim', async () => {
  const store = memoryStore<number>()
  const flaky = failing(store, 'one')
  const error = await getOrSet(flaky.store, 'a', () => {
    flaky.fails = true
    setTimeout(() => {
      flaky.fails = false
    }, 20)
    return 1
  }).catch(thrown => thrown)
  assert.equal([error.message, error.value], ['the engine fails', 1])
  await until(() => stateOf(store, 'a') === undefined)
})

holds('a closed store gives its claims back, and stores nothing more', async () => {
  const store = memoryStore<number>()
  const { compute, resolve } = slow<number>()
  const got = getOrSet(store, 'a', compute)
  await settled()
  await store.close()
  assert.is(stateOf(store, 'a'), undefined)
  resolve(1)
  assert.equal(await got, { value: 1, version: undefined, source: 'unstored' })
  await assert.rejects(
    getOrSet(store, 'a', () => 1),
    { code: 'ERR_STORE_CLOSED' },
  )
})

holds('bad input is refused before anything is done', async () => {
  const store = memoryStore<number>()
  const bad = <A extends unknown[]>(code: string, ...args: A) => {
    const call = getOrSet as unknown as { (...args: A): Promise<unknown>; sync(...args: A): unknown }
    assert.throws(() => call.sync(...args), { code })
    return assert.rejects(call(...args), { code })
  }
  await bad('ERR_INVALID_ARG_TYPE', {}, 'a', () => 1)
  await bad('ERR_INVALID_ARG_TYPE', store, 1, () => 1)
  await bad('ERR_INVALID_ARG_VALUE', store, '', () => 1)
  await bad('ERR_INVALID_ARG_TYPE', store, 'a')
  await bad('ERR_OUT_OF_RANGE', store, 'a', () => 1, { ttl: 0 })
  await bad('ERR_OUT_OF_RANGE', store, 'a', () => 1, { stale: -1 })
  await bad('ERR_OUT_OF_RANGE', store, 'a', () => 1, { lease: 0 })
  await bad('ERR_INVALID_ARG_TYPE', store, 'a', () => 1, { refresh: 1 })
  await bad('ERR_INVALID_ARG_TYPE', store, 'a', () => 1, { wait: true })
  await bad('ERR_INVALID_ARG_VALUE', store, 'a', () => 1, { late: 'no' })
  await bad('ERR_INVALID_ARG_VALUE', store, 'a', () => 1, { conflict: 'no' })
  await bad('ERR_INVALID_ARG_VALUE', store, 'a', () => 1, { staleWhile: 1 })
  assert.throws(() => getOrSet.sync(store, 'a', () => Promise.resolve(1)), { code: 'ERR_INVALID_RETURN_VALUE' })
  assert.is(stateOf(store, 'a'), undefined)
  await assert.rejects(getOrSet(store, 'a', lasting(0)), { code: 'ERR_OUT_OF_RANGE' })
})
