// A limiter over stores in one process: what its functions return, what they write, and what they refuse.

import { channel } from 'node:diagnostics_channel'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Call, Steps } from 'holdfast/steps'
import {
  type Backing,
  type Decision,
  type Expired,
  enabled,
  fileStore,
  type Limiter,
  limiter,
  memo,
  memoryStore,
  openStore,
  prefix,
  type Rule,
  type Store,
  unknownOutcome,
} from 'holdfast/store'
import { innerOf } from '../../lib/store/inner.js'
import { over } from '../../lib/store/over.js'
import { through } from '../broken/interfere.js'
import { assert, holds, scratch, sized } from '../support/kit.js'
import { type Clock, filesAt, memoryAt } from '../support/limiter-clock.js'
import { just } from '../support/stores.js'

const never = Number.POSITIVE_INFINITY

const engines: Readonly<Record<string, (clock: Clock) => Store<unknown>>> = {
  memory: memoryAt,
  files: clock => filesAt(scratch(), clock),
  'a part of a store': clock => prefix(memoryAt(clock), 'limits:'),
  'a memo of files': clock => memo(filesAt(scratch(), clock), { max: 10 }),
}

for (const [name, open] of Object.entries(engines)) {
  holds(`${name}: hits are counted by key, until the window is over`, async () => {
    const clock = { nowMs: 1_000_000 }
    const limits = limiter(open(clock), { limit: 2, per: 100 })
    const first = await limits.hit('a')
    assert.equal(first, {
      allowed: true,
      cost: 1,
      at: 1_000_000,
      count: 1,
      remaining: 1,
      limit: 2,
      retryAfter: 0,
      resetAt: 1_000_100,
    })
    clock.nowMs += 40
    assert.is((await limits.hit('a')).count, 2)
    assert.ok(limits.hit.sync('b').allowed)
    const { allowed, retryAfter } = limits.hit.sync('a')
    assert.equal([allowed, retryAfter], [false, 60])
    assert.is(await limits.expiresAt('a'), 1_000_100)
    assert.is(await limits.expiresAt('c'), undefined)
    clock.nowMs += 60
    assert.is(await limits.expiresAt('a'), undefined)
    assert.equal([(await limits.hit('a')).count, await limits.expiresAt('a')], [1, 1_000_200])
  })

  holds(`${name}: peek says what a hit would get, and changes nothing`, async () => {
    const limits = limiter(open({ nowMs: 5 }), { kind: 'leaky', rate: 1, capacity: 3 })
    for (const cost of [1, 2, 3, 4, 0])
      for (let nth = 0; nth < 2; nth++) {
        const peeked = await limits.peek('k', { cost })
        if (nth === 0) assert.equal(peeked, limits.peek.sync('k', { cost }))
        assert.equal(await limits.hit('k', { cost }), peeked)
      }
  })

  holds(`${name}: inc counts over the limit, set sets, refund takes back once, reset forgets`, async () => {
    const clock = { nowMs: 0 }
    const limits = limiter(open(clock), { limit: 5, per: 100 })
    assert.is(await limits.inc('k'), 1)
    assert.is(await limits.inc('k', 7), 8)
    assert.is((await limits.hit('k')).allowed, false)
    await limits.set('k', 3)
    const made = await limits.hit('k', { cost: 2 })
    assert.equal([made.allowed, made.count], [true, 5])
    assert.is(await limits.refund('k', made), true)
    assert.is(await limits.refund('k', made), false)
    assert.is(limits.peek.sync('k', { cost: 0 }).count, 3)
    assert.is(await limits.refund('k', await limits.hit('k', { cost: 9 })), false)
    const last = limits.hit.sync('k')
    clock.nowMs = 100
    assert.is(await limits.refund('k', last), false)
    limits.inc.sync('k')
    assert.is(await limits.reset('k'), true)
    assert.is(await limits.reset('k'), false)
    assert.is((await limits.peek('k')).count, 1)
  })

  holds(`${name}: every kind goes on from what is stored`, async () => {
    const clock = { nowMs: 1_700_000_000_123 }
    const store = open(clock)
    const rules: readonly Rule[] = [
      { limit: 5, per: 50 },
      { kind: 'aligned', limit: 5, per: 50 },
      { kind: 'sliding', limit: 20, per: 50 },
      { kind: 'tokens', rate: 100, burst: 5 },
      { kind: 'leaky', rate: 100, capacity: 5 },
      {
        all: [
          { limit: 5, per: 50 },
          { kind: 'sliding', limit: 20, per: 500 },
          { kind: 'tokens', rate: 9, burst: 50 },
        ],
      },
    ]
    for (const [at, rule] of rules.entries()) {
      const apart = () => limiter(store, rule)
      const own = memoryAt(clock)
      for (let nth = 0; nth < 40; nth++) {
        clock.nowMs += nth % 5
        assert.equal(await apart().hit(`k${at}`), await limiter(own, rule).hit('k'))
      }
    }
  })
}

holds('a hit that is denied writes nothing, unless it is to be counted', async () => {
  const dir = scratch()
  const limits = limiter(dir, { limit: 1, per: 60_000 })
  await limits.hit('k')
  const before = readdirSync(dir, { recursive: true })
  for (let nth = 0; nth < 3; nth++) assert.is((await limits.hit('k')).allowed, false)
  assert.equal(readdirSync(dir, { recursive: true }), before)
  const { allowed, count } = await limits.hit('k', { countDenied: true })
  assert.equal([allowed, count], [false, 2])
  assert.is(await limits.inc('k', 0), 2)
})

/** The calls to the disk that the steps make. */
function callsOf<T>(steps: Steps<T>): Steps<[T, string[]]> {
  const inward = new Set(['recall', 'remember', 'random', 'now', 'blocking', 'self', 'thread', 'local', 'postpone'])
  const calls: string[] = []
  const noting = (call: Call) => {
    if (!inward.has(call.op)) calls.push(call.op)
    return call
  }
  return (function* () {
    return [yield* through(steps, noting), calls]
  })()
}

holds('on files, a hit after a hit is one rename, and one that is denied is one look', async () => {
  for (const rule of [
    { limit: 3, per: 60_000 },
    { kind: 'leaky', rate: 0.001, capacity: 3 },
    // What three windows have counted is in the token as well.
    { all: [10_000, 3, 1_000].map((limit, nth) => ({ limit, per: 60_000 * 60 ** nth })) },
  ] as const) {
    const limits = limiter(scratch(), rule)
    limits.hit.sync('k')
    const { driveSync } = await import('holdfast/steps')
    const calls = () => driveSync(callsOf(limits.hit.steps('k')))[1]
    assert.equal(calls(), ['rename'])
    assert.equal(calls(), ['rename'])
    assert.equal(calls(), ['exists'])
  }
})

holds('a state that a limiter remembers, and another has changed, denies nothing', async () => {
  const dir = scratch()
  const [limits, others] = [1, 2].map(() => limiter(dir, { limit: 1, per: 60_000 })) as [Limiter, Limiter]
  await limits.hit('k')
  await others.reset('k')
  assert.is((await limits.hit('k')).allowed, true)
  assert.is((await others.hit('k')).allowed, false)
  await others.reset('k')
  assert.is(limits.peek.sync('k').allowed, true)
  assert.is(limits.hit.sync('k').allowed, true)
})

holds('wait hits in turn when that is allowed, and leaves its turn when it is stopped', async () => {
  const limits = limiter(memoryStore(), { kind: 'sliding', limit: 1, per: 400 })
  await limits.hit('k')
  const order: string[] = []
  const waiting = async (name: string, options = {}) => {
    try {
      const { at } = await limits.wait('k', options)
      order.push(name)
      return at
    } catch (error) {
      order.push(`${name} ${(error as NodeJS.ErrnoException).code}`)
      return undefined
    }
  }
  const stop = new AbortController()
  const all = [waiting('a'), waiting('b', { timeout: 15 }), waiting('c', { signal: stop.signal }), waiting('d')]
  stop.abort()
  const [a = 0, , , d = 0] = await Promise.all(all)
  assert.equal(order, ['c ABORT_ERR', 'b ERR_TIMEOUT', 'a', 'd'])
  assert.ok(d - a >= 400, `${d - a} ms`)
  const denied = await limits.wait('k', { cost: 2 })
  assert.equal([denied.allowed, denied.retryAfter], [false, never])
  assert.ok(limits.wait.sync('k').allowed)
})

holds('a wait notices within a second that the key was reset', async () => {
  const limits = limiter(memoryStore(), { limit: 1, per: 3_600_000 })
  await limits.hit('k')
  const began = performance.now()
  const waiting = limits.wait('k')
  await limits.reset('k')
  assert.ok((await waiting).allowed && performance.now() - began < 30_000)
})

holds('on the clock of the door, a hit is allowed at `retryAfter`, and denied a millisecond before', async () => {
  const clock = { nowMs: 1_700_000_000_000 }
  const times = sized(150, 1_000)
  const rules: readonly Rule[] = [
    { limit: 3, per: 97 },
    { kind: 'aligned', limit: 3, per: 97 },
    { kind: 'sliding', limit: 3, per: 97 },
    { kind: 'tokens', rate: 31.7, burst: 3 },
    {
      all: [
        { limit: 3, per: 97 },
        { kind: 'leaky', rate: 20, capacity: 4 },
      ],
    },
  ]
  for (const rule of rules) {
    const limits = limiter(filesAt(scratch(), clock), rule)
    for (let denied = 0; denied < times; ) {
      clock.nowMs += denied % 11
      const { allowed, retryAfter } = await limits.hit('k')
      if (allowed) continue
      denied++
      clock.nowMs += retryAfter - 1
      assert.is((await limits.hit('k')).allowed, false)
      clock.nowMs += 1
      assert.is((await limits.hit('k')).allowed, true)
    }
  }
})

holds(
  'a clock that is set back and forth by hours stops no key for longer than two windows, and that is told',
  async () => {
    const told: unknown[] = []
    const listen = (message: unknown) => void told.push(message)
    channel('holdfast:clock').subscribe(listen)
    try {
      const rules: readonly Rule[] = [
        { limit: 2, per: 100 },
        { kind: 'aligned', limit: 2, per: 100 },
        { kind: 'sliding', limit: 2, per: 100 },
        { kind: 'tokens', rate: 20, burst: 2 },
        {
          all: [
            { limit: 2, per: 100 },
            { kind: 'leaky', rate: 20, capacity: 2 },
          ],
        },
      ]
      for (const rule of rules) {
        const clock = { nowMs: 1_700_000_000_000 }
        const limits = limiter(filesAt(scratch(), clock), rule)
        for (const hours of [0, 3, -5, 1, -24, 7]) {
          const before = told.length
          clock.nowMs += hours * 3_600_000
          let waited = 0
          for (let nth = 0; nth < 6; nth++)
            for (let decision = await limits.hit('k'); !decision.allowed; decision = await limits.hit('k')) {
              clock.nowMs++
              assert.ok(++waited <= 6 * 200)
              assert.ok(decision.retryAfter <= 200)
            }
          assert.is(told.length > before, hours < 0, `${JSON.stringify(rule)}, ${hours} hours`)
        }
      }
    } finally {
      channel('holdfast:clock').unsubscribe(listen)
    }
    assert.equal(Object.keys(told[0] as object), ['key', 'clock', 'endsAt'])
  },
)

holds('onExpire is called before a state goes that is over, and what it throws keeps no key', async () => {
  const failed: unknown[] = []
  const listen = (message: unknown) => void failed.push(message)
  channel('holdfast:expire-failed').subscribe(listen)
  const clock = { nowMs: 1_000 }
  const store = filesAt(scratch(), clock)
  const expired: Expired[] = []
  const onExpire = (one: Expired) => {
    expired.push(one)
    if (one.key === 'a') throw new Error('a')
    if (one.key === 'b') return Promise.reject(new Error('b'))
    return undefined
  }
  const limits = limiter(store, { limit: 9, per: 100 }, { onExpire })
  await store.create('other', { of: 'the user' })
  for (const [nth, key] of ['a', 'b', 'c'].entries()) await limits.inc(key, nth + 1)
  await limits.hit('a')
  assert.equal(expired, [])
  clock.nowMs = 1_100
  assert.is((await limits.hit('a')).count, 1)
  assert.equal(expired, [{ key: 'a', count: 2, expiredAt: 1_100 }])
  assert.is(await limits.sweep(), 2)
  assert.equal(
    expired.slice(1).sort((one, other) => (one.key < other.key ? -1 : 1)),
    [
      { key: 'b', count: 2, expiredAt: 1_100 },
      { key: 'c', count: 3, expiredAt: 1_100 },
    ],
  )
  await new Promise(setImmediate)
  assert.is(failed.length, 2)
  channel('holdfast:expire-failed').unsubscribe(listen)
  assert.equal([...store.keys()].sort(), ['a', 'other'])
  assert.is(await limits.sweep(), 0)
})

holds('keys that are idle expire, and are swept by the store itself', async () => {
  const dir = scratch()
  const limits = limiter(dir, { limit: 1, per: 5 })
  for (let nth = 0; nth < 20; nth++) await limits.hit(`k${nth}`)
  await new Promise(resolve => setTimeout(resolve, 10))
  const store = fileStore(dir)
  assert.equal([...store.keys()], [])
  assert.is((await store.sweep()).expired, 20)
})

holds('a hit of which the outcome is not known counts as denied, or as allowed if the limiter says so', async () => {
  const lost = (backing: Backing): Backing =>
    over(backing, {
      *commit(key, from, to) {
        yield* backing.commit(key, from, to)
        throw unknownOutcome(key, from, to, new Error('the reply was lost'))
      },
    })
  for (const unknown of ['deny', 'allow', undefined] as const) {
    const { backing } = innerOf<unknown>(memoryStore())
    const [flaky, sound] = [openStore(lost(backing)), openStore(backing)]
    const made = await limiter(flaky, { limit: 1, per: 1e6 }, { unknown }).hit('k')
    assert.equal([made.allowed, made.unknown], [unknown === 'allow', true])
    // It may have been counted, as here.
    assert.is(limiter(sound, { limit: 1, per: 1e6 }).hit.sync('k').allowed, false)
    await assert.rejects(limiter(flaky, { limit: 9, per: 1e6 }).inc('k'), { code: 'ERR_UNKNOWN_OUTCOME' })
  }
})

holds('when others go on changing the key for too long, a hit says so', async () => {
  const below = innerOf<unknown>(memoryStore()).backing
  const { count: _, counts: __, ...backing } = over(below, {})
  const limits = limiter(openStore(backing), { limit: 9, per: 1e6 })
  await limits.hit('k')
  const busy = openStore({ ...backing, commit: () => just('moved' as const) })
  const hit = limiter(busy, { limit: 9, per: 1e6 }).hit('k', { retryFor: 20 })
  await assert.rejects(hit, { code: 'ERR_CONFLICT' })
  assert.is((await limits.peek('k', { cost: 0 })).count, 1)
})

holds('entries of others are left alone, and a rule of another kind begins anew', async () => {
  const store = memoryStore<unknown>()
  await store.create('k', { mine: true })
  const limits = limiter(store, { limit: 1, per: 1e6 })
  for (const call of [limits.hit('k'), limits.peek('k'), limits.inc('k'), limits.set('k', 1), limits.reset('k')])
    await assert.rejects(call, { code: 'ERR_NOT_A_LIMIT' })
  assert.equal((await store.get('k'))?.value, { mine: true })
  await limits.hit('l')
  assert.ok((await limiter(store, { kind: 'leaky', rate: 1, capacity: 1 }).hit('l')).allowed)
  assert.ok((await limits.hit('l')).allowed)
})

holds('a limiter is closed without the store that it was given, and with the one that it has opened', async () => {
  const store = memoryStore()
  const one = limiter(store, { limit: 1, per: 1e6 })
  await one.close()
  await assert.rejects(one.hit('k'), { code: 'ERR_STORE_CLOSED' })
  assert.ok((await limiter(store, { limit: 1, per: 1e6 }).hit('k')).allowed)
  const dir = scratch()
  {
    await using own = limiter(pathToFileURL(dir), { limit: 1, per: 1e6 })
    await own.hit('k')
  }
  const other = limiter(dir, { limit: 1, per: 1e6 })
  assert.is(other.hit.sync('k').allowed, false)
  other.close.sync()
  assert.throws(() => other.hit.sync('k'), { code: 'ERR_STORE_CLOSED' })
  await store.close()
  await assert.rejects(limiter(store, { limit: 1, per: 1 }).hit('k'), { code: 'ERR_STORE_CLOSED' })
})

holds('bad input is refused before anything is done', async () => {
  const dir = join(scratch(), 'limits')
  const rule = { limit: 1, per: 1 }
  assert.throws(() => limiter(dir, {} as never), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => limiter(dir, rule, { onexpire: () => {} } as never), { code: 'ERR_INVALID_ARG_VALUE' })
  assert.throws(() => limiter(dir, rule, { onExpire: 1 as never }), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => limiter(dir, rule, { unknown: 'maybe' as never }), { code: 'ERR_INVALID_ARG_VALUE' })
  assert.throws(() => limiter({} as never, rule), { code: 'ERR_INVALID_ARG_TYPE' })
  const message = /"where" argument must be the path of a directory, as a string or URL, or a store .*Received 5/
  assert.throws(() => limiter(5 as never, rule), { code: 'ERR_INVALID_ARG_TYPE', message })
  assert.throws(() => limiter('', rule), { code: 'ERR_INVALID_ARG_VALUE' })
  assert.throws(() => limiter(enabled(memoryStore(), { writes: false }), rule), { code: 'ERR_INVALID_ARG_VALUE' })
  const limits = limiter(dir, rule)
  const bad: readonly (readonly [() => unknown, string])[] = [
    [() => limits.hit.sync(''), 'ERR_INVALID_ARG_VALUE'],
    [() => limits.hit.sync(1 as never), 'ERR_INVALID_ARG_TYPE'],
    [() => limits.hit.sync('k', { cost: -1 }), 'ERR_OUT_OF_RANGE'],
    [() => limits.hit.sync('k', { cost: 0.5 }), 'ERR_OUT_OF_RANGE'],
    [() => limits.hit.sync('k', { cost: '1' as never }), 'ERR_INVALID_ARG_TYPE'],
    [() => limits.hit.sync('k', { price: 1 } as never), 'ERR_INVALID_ARG_VALUE'],
    [() => limits.hit.sync('k', { countDenied: 1 as never }), 'ERR_INVALID_ARG_TYPE'],
    [() => limits.wait.sync('k', { cost: Number.NaN }), 'ERR_OUT_OF_RANGE'],
    [() => limits.inc.sync('k', -1), 'ERR_OUT_OF_RANGE'],
    [() => limits.set.sync('k', never), 'ERR_OUT_OF_RANGE'],
    [() => limits.refund.sync('k', undefined as never), 'ERR_INVALID_ARG_TYPE'],
    [() => limits.refund.sync('k', { allowed: true } as Decision), 'ERR_INVALID_ARG_TYPE'],
  ]
  for (const [call, code] of bad) assert.throws(call, { code })
  assert.equal(readdirSync(join(dir, '..')), [])
})
