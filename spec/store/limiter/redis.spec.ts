// A limiter over Redis judges a hit by a script. It must decide what the functions of the other engines decide, and leave
// the state that they leave.

import { redisStore } from 'holdfast/redis'
import { drive } from 'holdfast/steps'
import { type Decision, limiter, prefix, type Rule, type Store } from 'holdfast/store'
import { innerOf } from '../../../lib/store/inner.js'
import { judge, type States } from '../../../lib/store/limiter/plan.js'
import { partsOf } from '../../../lib/store/limiter/rule.js'
import { parse, spell } from '../../../lib/store/limiter/spelling.js'
import { argumentsOf } from '../../../lib/store/redis/limit.js'
import { limitScriptBy } from '../../../lib/store/redis/limit-script.js'
import { scriptOf } from '../../../lib/store/redis/scripts.js'
import { startProxy } from '../../support/cutting-proxy.js'
import { afterwards, assert, holds, note, raced, sized } from '../../support/kit.js'
import { type Client, noRedisStore, redisClient } from '../../support/redis-engines.js'
import { type RedisProcess, startRedis } from '../../support/redis-server.js'
import { seeded } from '../../support/seeded.js'

let server: RedisProcess | undefined
let client: Client | undefined
async function connected(): Promise<Client> {
  server ??= await startRedis()
  client ??= await redisClient('redis').connect(server.port)
  return client
}
afterwards(async () => {
  await client?.close()
  await server?.stop()
})

const when = (layer: typeof holds) => (name: string, body: () => Promise<void>) =>
  noRedisStore ? layer.skip(name, noRedisStore) : layer(name, body)

async function open(name: string): Promise<Store<unknown>> {
  return redisStore((await connected()).client, { prefix: name })
}

/**
 * The script by a clock of the caller, for many hits in one go: one round trip for each would take most of the time. Each
 * hit is a list: its key, and the arguments, of which the last is the time. Returns what the script returned for each, and
 * the text that it left. The keys of the server end by its own clock, and long after.
 */
const byCaller = limitScriptBy(`
local now = tonumber(ARGV[#ARGV])
ARGV[#ARGV] = nil`)
const manyByCaller = scriptOf(`
local function once(KEYS, ARGV)
${byCaller.text}
end
local made = {}
for at, hit in ipairs(cjson.decode(ARGV[1])) do
  local key = table.remove(hit, 1)
  made[at] = once({key}, hit)
  made[at][4] = redis.call('HGET', key, 'v')
end
for at = 1, #KEYS do redis.call('DEL', KEYS[at]) end
return made`)

const randomRule = (random: (below: number) => number): Rule => {
  const limit = 1 + random(6)
  const per = 10 + random(90)
  const rate = [10, 33.3, 1000 / 7, 500, 0.7][random(5)] as number
  const rules: readonly Rule[] = [
    { limit, per },
    { kind: 'aligned', limit, per, offset: random(200) - 100 },
    { kind: 'sliding', limit, per },
    { kind: 'tokens', rate, burst: limit },
    { kind: 'leaky', rate, capacity: limit },
  ]
  const one = () => rules[random(rules.length)] as Rule
  return random(4) === 0 ? { all: [one(), one(), one()].slice(0, 2 + random(2)) } : one()
}

/** A hit, as it is sent, and what the functions make of it. */
interface Expected {
  readonly told: string
  readonly sent: readonly string[]
  readonly status: number
  readonly at: number
  readonly before: string
  readonly after: string
}

const seen = { hits: 0, denied: 0, back: 0, counted: 0 }

function* randomHits(seed: number, key: string): Generator<Expected> {
  const random = seeded(seed)
  const rule = randomRule(random)
  const parts = partsOf(rule)
  let states: States = []
  // The server removes keys that are over by its own clock, so this one is ahead of it.
  let at = Date.now() + 10 ** 9 + random(1000)
  for (let nth = 0; nth < 12; nth++) {
    at += random(3) === 0 ? random(150) : random(9)
    if (random(8) === 0) {
      at -= random(400)
      seen.back++
    }
    const hit = { cost: random(4) === 0 ? random(5) : 1, isCounted: random(9) === 0 }
    const id = (seed * 100 + nth).toString(16).padStart(16, '0')
    const [next, { allowed }] = judge(parts, states, at, hit)
    const [before, after] = [states, next].map(one => (one.length > 0 ? spell(parts, one) : '')) as [string, string]
    yield {
      told: `seed ${seed}, hit ${nth}: ${JSON.stringify(rule)}`,
      sent: [key, ...argumentsOf(id, { parts, ...hit }), `${at}`],
      status: next === states ? 0 : 1,
      at,
      before,
      after,
    }
    seen.hits++
    if (!allowed) seen.denied++
    if (!allowed && hit.isCounted) seen.counted++
    states = next === states ? states : (parse(parts, after) as States)
  }
}

when(holds)('the script and the functions decide the same, and leave the same, whatever the clock does', async () => {
  const { command } = await connected()
  const [sequences, width] = [sized(400, 100_000), 40]
  await command('SCRIPT', 'LOAD', manyByCaller.text)
  for (let from = 0; from < sequences; from += width) {
    const seeds = Array.from({ length: Math.min(width, sequences - from) }, (_, nth) => from + nth)
    const keys = seeds.map(seed => `{differential}${seed}`)
    const expected = seeds.flatMap((seed, nth) => [...randomHits(seed, keys[nth] as string)])
    const sent = JSON.stringify(expected.map(one => one.sent))
    const made = (await command('EVALSHA', manyByCaller.sum, `${keys.length}`, ...keys, sent)) as unknown[][]
    assert.is(made.length, expected.length)
    for (const [nth, { told, status, at, before, after }] of expected.entries()) {
      const texts = made[nth]?.map(one => `${one ?? ''}`)
      assert.equal(texts, [`${status}`, `${at}`, before, after], told)
    }
  }
  note(`${sequences} sequences, ${seen.hits} hits, ${seen.denied} denied, the clock went back ${seen.back} times`)
  assert.ok(seen.denied > sequences && seen.back > sequences && seen.counted > sequences / 10)
})

when(holds)('each function of a limiter does the same on Redis', async () => {
  for (const store of [await open('plain'), prefix(await open('prefixed'), 'limits:')]) {
    const limits = limiter(store, { limit: 3, per: 60_000 })
    const first = await limits.hit('k')
    assert.equal([first.allowed, first.count, first.remaining, first.resetAt - first.at], [true, 1, 2, 60_000])
    assert.is((await limits.hit('k', { cost: 3 })).allowed, false)
    assert.is(await limits.inc('k', 4), 5)
    const { allowed, retryAfter, count } = await limits.peek('k')
    assert.ok(!allowed && count === 5 && retryAfter > 50_000 && retryAfter <= 60_000)
    assert.is(await limits.refund('k', first), true)
    assert.is((await limits.peek('k', { cost: 0 })).count, 4)
    await limits.set('k', 1)
    assert.is((await limits.hit('k')).count, 2)
    assert.is(await limits.expiresAt('k'), first.resetAt)
    assert.is(await limits.reset('k'), true)
    assert.is(await limits.expiresAt('k'), undefined)
    assert.is((await limits.wait('k')).count, 1)
    assert.equal(await keysOf(store), ['k'])
    await store.remove('k')
    assert.is((await limits.hit('k')).count, 1)
    assert.throws(() => limits.hit.sync('k'), { code: 'ERR_INVALID_RETURN_VALUE' })
  }
})

async function keysOf(store: Store<unknown>): Promise<string[]> {
  const keys: string[] = []
  for await (const key of store.keys()) keys.push(key)
  return keys
}

when(holds)('the state that a script leaves is one that every other call can go on from', async () => {
  const store = await open('states')
  const limits = limiter(store, { limit: 1e9, per: 60_000 })
  const { backing } = innerOf<unknown>(store)
  const ids: string[] = []
  for (let nth = 0; nth < 6; nth++) {
    await limits.hit('k')
    const kept = await drive(backing.read('k'))
    assert.equal(kept?.lineage, ids.slice(-3).reverse())
    ids.push(kept?.id as string)
    assert.is(kept?.version, kept?.id)
  }
  assert.is((await limits.hit('k')).count, 7)
  assert.is((await store.remove('k')).ok, true)
  assert.is((await limits.hit('k')).count, 1)
})

when(holds)('a key ends with its window, and one of a user is left alone', async () => {
  const store = await open('ends')
  const limits = limiter(store, { kind: 'leaky', rate: 100, capacity: 2 })
  await limits.hit('k')
  await new Promise(resolve => setTimeout(resolve, 30))
  assert.equal(await keysOf(store), [])
  await store.create('user', { mine: true })
  for (const call of [limits.hit('user'), limits.peek('user'), limits.set('user', 1)])
    await assert.rejects(call, { code: 'ERR_NOT_A_LIMIT' })
  const { command } = await connected()
  await command('HSET', '{ends:foreign}', 'x', '1')
  await assert.rejects(limits.hit('foreign'), { code: 'ERR_STORE_FORMAT' })
  await command('SET', '{ends:text}', '1')
  await assert.rejects(limits.hit('text'), { message: /WRONGTYPE/ })
  await limits.hit('k2')
  await command('SCRIPT', 'FLUSH')
  assert.is((await limits.hit('k2')).allowed, true)
  const onExpire = () => {}
  assert.throws(() => limiter(store, { limit: 1, per: 1 }, { onExpire }), { code: 'ERR_INVALID_ARG_VALUE' })
})

when(raced)(
  'a hit whose reply is lost is denied, or allowed if the limiter says so, and is counted at most once',
  async () => {
    await connected()
    const proxy = await startProxy((server as RedisProcess).port)
    const through = await redisClient('redis').connect(proxy.port)
    try {
      const store = redisStore(through.client, { prefix: 'cut', timeout: 1_000 })
      const straight = await open('cut')
      for (const unknown of ['deny', 'allow'] as const) {
        const rule = { limit: 1e6, per: 1e9 }
        const limits = limiter(store, rule, { unknown })
        await limits.hit(unknown)
        proxy.reset(0, 'reply')
        const made: Decision = await limits.hit(unknown)
        assert.equal([made.allowed, made.unknown], [unknown === 'allow', true])
        assert.is((await limiter(straight, rule).peek(unknown, { cost: 0 })).count, 2)
        await connectedAgain(() => limits.peek(unknown))
      }
    } finally {
      await through.close()
      await proxy.close()
    }
  },
)

async function connectedAgain(ask: () => Promise<unknown>): Promise<void> {
  while (
    !(await ask().then(
      () => true,
      () => false,
    ))
  );
}
