// A store in Redis, through each client: the contract, and what is of Redis alone.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setTimeout as pause } from 'node:timers/promises'
import { type RedisStoreOptions, redisStore } from 'holdfast/redis'
import type { Store } from 'holdfast/store'
import { storeContract } from 'holdfast/testing'
import { startProxy } from '../support/cutting-proxy.js'
import { allAtOnce, assert, holds } from '../support/kit.js'
import { assertEndedStaysEnded } from '../support/late-changes.js'
import { type Client, noRedisStore, type RedisClient, redisClients } from '../support/redis-engines.js'
import { type RedisProcess, startRedis } from '../support/redis-server.js'

/** One server for all tests of this file that do not harm it. */
let shared: Promise<RedisProcess> | undefined
const server = (): Promise<RedisProcess> => {
  shared ??= startRedis()
  return shared
}

const connected = new Map<string, Promise<Client>>()
/** One connection for each client, which the tests share. */
async function connection(one: RedisClient): Promise<Client> {
  const made = connected.get(one.name) ?? server().then(({ port }) => one.connect(port))
  connected.set(one.name, made)
  return made
}

/** Declares a test for each of the clients. */
function each(name: string, body: (client: Client, one: RedisClient, prefix: string) => unknown, test = holds): void {
  for (const one of redisClients) {
    const title = `${one.name}: ${name}`
    if (noRedisStore) test.skip(title, noRedisStore)
    else test(title, async () => body(await connection(one), one, `t${prefixes++}`))
  }
}
let prefixes = 0

if (!noRedisStore)
  for (const one of redisClients) {
    const lines = storeContract(
      async (place, options) =>
        redisStore((await connection(one)).client, { prefix: `${one.name}-${place}`, ...options }),
      { forms: ['promise'], unit: 300 },
    )
    // They wait for ends, most of the time.
    const result = allAtOnce(lines.map(({ run }) => run))
    for (const [at, { name }] of lines.entries()) holds(`${one.name}: ${name}`, () => result(at))
  }

const stored = <T>({ client }: Client, prefix: string, options?: Partial<RedisStoreOptions<T>>): Store<T> =>
  redisStore<T>(client, { prefix, ...options })

each('bad input is refused, and nothing is sent', ({ client }) => {
  const refuses = (code: string, one: unknown, options: unknown) =>
    assert.throws(() => redisStore(one as never, options as never), { code })
  for (const one of [undefined, null, {}, 'redis://localhost', { sendCommand: 1 }])
    refuses('ERR_INVALID_ARG_TYPE', one, { prefix: 'p' })
  for (const options of [undefined, null, {}, { prefix: 1 }]) refuses('ERR_INVALID_ARG_TYPE', client, options)
  for (const prefix of ['', 'a:b', '{a', 'a}', '\ud800', 'x'.repeat(257)])
    refuses('ERR_INVALID_ARG_VALUE', client, { prefix })
  refuses('ERR_INVALID_ARG_VALUE', client, { prefix: 'p', ttl: 1 })
  refuses('ERR_INVALID_ARG_TYPE', client, { prefix: 'p', subscriber: {} })
  refuses('ERR_OUT_OF_RANGE', client, { prefix: 'p', timeout: 0 })
})

each('what has ended stays so, whatever change was under way meanwhile', (client, _, prefix) =>
  assertEndedStaysEnded(stored(client, prefix), 300),
)

each('the sync form is refused before anything is sent', async (client, _, prefix) => {
  const store = stored<number>(client, prefix)
  for (const call of [() => store.create.sync('k', 1), () => store.get.sync('k'), () => [...store.keys()]])
    assert.throws(call, { code: 'ERR_INVALID_RETURN_VALUE', message: /sync form/ })
  assert.is(await store.get('k'), undefined)
})

each('bytes of every kind are kept, none included', async (client, _, prefix) => {
  const store = stored<Uint8Array>(client, prefix, { codec: 'bytes' })
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  for (const [at, value] of [Buffer.alloc(0), Buffer.from([0]), all, Buffer.alloc(2 ** 20, all)].entries()) {
    assert.ok((await store.create(`${at}`, value)).ok)
    await store.touch(`${at}`, 60_000)
    assert.ok(Buffer.from((await store.get(`${at}`))?.value as Uint8Array).equals(value))
  }
})

each('no two stores spell a key alike, and patterns are taken letter by letter', async (client, _, prefix) => {
  const keys = ['a', 'a*', 'a?', '[a]', 'a\\', 'a:b', '}', '{', '}{', '☃', 'a\0b', '*', 'a\n']
  const store = stored<string>(client, prefix)
  const longer = stored<string>(client, `${prefix}*`)
  for (const key of keys) assert.ok((await store.create(key, key)).ok)
  for (const key of keys) assert.ok((await longer.create(key, `${key} of the other`)).ok)
  const found = async (one: Store<string>, beginning?: string) => {
    const all: string[] = []
    for await (const key of one.keys({ prefix: beginning })) all.push(key)
    return all.sort()
  }
  for (const key of keys) assert.is((await store.get(key))?.value, key)
  assert.equal(await found(store), [...keys].sort())
  for (const beginning of [...keys, 'A'])
    assert.equal(await found(longer, beginning), keys.filter(key => key.startsWith(beginning)).sort())
})

each('many keys are listed, each once', async (client, _, prefix) => {
  const store = stored<number>(client, prefix)
  const names = Array.from({ length: 1_500 }, (_, number) => `k${number}`)
  await store.createMany(names.map(name => [name, 1]))
  const seen: string[] = []
  for await (const key of store.keys()) seen.push(key)
  assert.equal(seen.sort(), names.sort())
})

each('Redis removes what has expired, but not what a claim is on', async (client, _, prefix) => {
  const store = stored<number>(client, prefix)
  assert.ok((await store.create('k', 1, { ttl: 40 })).ok)
  const name = `{${prefix}:k}`
  assert.ok(Number(await client.command('PTTL', name)) <= 40)
  await store.touch('k', 60_000)
  assert.ok(Number(await client.command('PTTL', name)) > 40)
  await store.touch('k', Number.POSITIVE_INFINITY)
  assert.is(Number(await client.command('PTTL', name)), -1)
  await store.touch('k', 20)
  await pause(60)
  assert.is(Number(await client.command('EXISTS', name)), 0)
  assert.is(await store.get('k'), undefined)
})

each('times are those of the server, though the clock of this machine is set meanwhile', async (client, _, prefix) => {
  const store = stored<number>(client, prefix)
  const { now } = Date
  const hour = 3_600_000
  try {
    for (const offMs of [hour, -hour]) {
      Date.now = now
      const key = `${offMs}`
      const began = performance.now()
      await store.create(key, 1, { ttl: 300 })
      Date.now = () => now() + offMs
      const found = await store.get(key)
      // On a busy machine it may have ended by itself meanwhile.
      if (performance.now() - began < 300) assert.is(found?.value, 1)
      await pause(320)
      assert.is(await store.get(key), undefined)
      const { entry } = await store.create(key, 2, { ttl: hour })
      const expires = entry?.gone === false ? Number(entry.expires) : 0
      assert.ok(Math.abs(expires - now() - hour) < 5_000)
      assert.is((await store.get(key))?.value, 2)
    }
  } finally {
    Date.now = now
  }
})

each('a server that has forgotten the scripts is sent them again', async (client, _, prefix) => {
  const store = stored<number>(client, prefix)
  assert.ok((await store.create('k', 1)).ok)
  await client.command('SCRIPT', 'FLUSH')
  assert.is((await store.get('k'))?.value, 1)
  await client.command('SCRIPT', 'FLUSH')
  assert.is((await store.update('k', 2)).entry?.value, 2)
  await client.command('SCRIPT', 'FLUSH')
  assert.ok((await store.remove('k')).ok)
})

each('a key of something else is refused, and left as it is', async (client, _, prefix) => {
  const store = stored<number>(client, prefix)
  await client.command('SET', `{${prefix}:text}`, 'x')
  await assert.rejects(store.get('text'), { message: /WRONGTYPE/ })
  await assert.rejects(store.create('text', 1), { message: /WRONGTYPE/ })
  await client.command('HSET', `{${prefix}:hash}`, 'v', 'x')
  await assert.rejects(store.get('hash'), { code: 'ERR_STORE_FORMAT' })
  await assert.rejects(store.create('hash', 1), { code: 'ERR_STORE_FORMAT' })
  await client.command('HSET', `{${prefix}:newer}`, 's2', 'x')
  await assert.rejects(store.create('newer', 1), { code: 'ERR_STORE_FORMAT' })
  await client.command('HSET', `{${prefix}:other}`, 's', 'a b c')
  await assert.rejects(store.get('other'), { code: 'ERR_STORE_FORMAT', message: /other.* reads format 1/ })
  assert.is(`${await client.command('GET', `{${prefix}:text}`)}`, 'x')
})

each('a server that is full refuses what is new, and gives up what is old', async (_, one) => {
  const full = await startRedis('--maxmemory', '3mb', '--maxmemory-policy', 'noeviction')
  const client = await one.connect(full.port)
  const store = stored<string>(client, 'p')
  const refused: unknown[] = []
  let kept = 0
  while (refused.length === 0 && kept < 100)
    await store.create(`${kept++}`, 'x'.repeat(100_000)).catch(error => refused.push(error))
  assert.match(String(refused[0]), /OOM/)
  assert.is((await store.get('0'))?.value?.length, 100_000)
  assert.ok((await store.remove('0')).ok)
  assert.is(await store.get('0'), undefined)
  await client.close()
  await full.stop()
})

each('a change of another wakes those that wait at once, where both have a subscriber', async (client, one, prefix) => {
  const { port } = await server()
  const [first, second] = [await one.connect(port), await one.connect(port)]
  const [listener, another] = [await one.connect(port), await one.connect(port)]
  const waiting = stored<number>(first, prefix, { subscriber: listener.subscriber })
  const changing = stored<number>(second, prefix, { subscriber: another.subscriber })
  await changing.create('k', 0)
  const waits: number[] = []
  for (let turn = 0; turn < 8; turn++) {
    const began = performance.now()
    const changed = changes(waiting, 'k')
    await pause(20)
    await changing.update('k', turn)
    await changed
    waits.push(performance.now() - began)
  }
  // Unheard, each takes five seconds; a busy machine delays some.
  assert.ok(Math.min(...waits) < 2_000, `${waits}`)
  for (const one of [waiting, changing]) await one.close()
  assert.is(
    Number(await client.command('PUBSUB', 'NUMSUB', `${prefix}:changed`).then(list => (list as unknown[])[1])),
    0,
  )
  for (const one of [first, second, listener, another]) await one.close()
})

/** Waits as a call does that waits for the claim of another. */
async function changes(store: Store<number>, key: string): Promise<void> {
  const { innerOf } = await import('../../lib/store/inner.js')
  const { drive } = await import('holdfast/steps')
  await drive(innerOf(store).backing.changed(key, 5_000))
}

each('a server that does not reply in time: reads say so, a change is not guessed', async (_, one, prefix) => {
  const { port } = await server()
  const proxy = await startProxy(port)
  const client = await one.connect(proxy.port)
  const store = stored<number>(client, prefix, { timeout: 1_000, retryFor: 100 })
  await store.create('k', 1)
  proxy.stall(true)
  await assert.rejects(store.get('k'), { code: 'ERR_TIMEOUT' })
  const { backing } = (await import('../../lib/store/inner.js')).innerOf<number>(store)
  const { drive } = await import('holdfast/steps')
  const { draft } = await import('../../lib/store/kept.js')
  proxy.stall(false)
  const kept = await drive(backing.read('k'))
  const next = await drive(draft(kept, { kind: 'live', ends: undefined, data: Buffer.from('2') }))
  proxy.stall(true)
  const error = await assert.rejects(drive(backing.commit('k', kept, next)), { code: 'ERR_UNKNOWN_OUTCOME' })
  proxy.stall(false)
  assert.is(await store.confirm(error), 'done')
  assert.is((await store.get('k'))?.value, 2)
  await client.close()
  await proxy.close()
})

each('a server that starts anew is an empty store, and the next call finds it', async (_, one) => {
  const mortal = await startRedis()
  const client = await one.connect(mortal.port)
  const store = stored<number>(client, 'p')
  await store.create('k', 1)
  await mortal.restart()
  assert.is(await store.get('k'), undefined)
  assert.ok((await store.create('k', 2)).ok)
  await client.command('FLUSHALL')
  const { ok } = await store.update('k', 3)
  assert.not(ok)
  await mortal.stop()
  await client.close()
})

each('the error of a client that was closed comes out unchanged', async (_, one, prefix) => {
  const client = await one.connect((await server()).port)
  const store = stored<number>(client, prefix, { retryFor: 500 })
  await store.create('k', 1)
  await client.close()
  const began = performance.now()
  const error = await assert.rejects(store.get('k'), {})
  assert.not.match(String((error as { code?: unknown }).code), /^ERR_/)
  assert.ok(performance.now() - began < 30_000)
})

each('a server that is to forget keys is named when the store is first used, if anything listens', async (_, one) => {
  const forgetful = await startRedis('--maxmemory', '20mb', '--maxmemory-policy', 'allkeys-lru')
  const heard: unknown[] = []
  const hear = (message: unknown) => void heard.push(message)
  subscribe('holdfast:evicting', hear)
  const client = await one.connect(forgetful.port)
  const store = stored<number>(client, 'p')
  await store.get('k')
  await store.get('k')
  for (let turn = 0; turn < 100 && heard.length === 0; turn++) await pause(5)
  assert.equal(heard, [{ prefix: 'p', policy: 'allkeys-lru' }])
  await client.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
  await stored<number>(client, 'q').get('k')
  await pause(30)
  assert.is(heard.length, 1)
  unsubscribe('holdfast:evicting', hear)
  await client.close()
  await forgetful.stop()
})

async function sendsTwice(): Promise<void> {
  const client = await connection(redisClients.find(({ name }) => name === 'ioredis') as RedisClient)
  const prefix = 'twice'
  const { callBuffer } = client.client as { callBuffer(...args: unknown[]): Promise<unknown> }
  const call = (args: readonly unknown[]) => callBuffer.apply(client.client, [...args])
  let between: (() => Promise<unknown>) | undefined
  const twice = {
    async send(args: (string | Buffer)[]) {
      const reply = await call(args)
      // Only changes have so many arguments.
      if (args.length < 8) return reply
      await between?.()
      return call(args)
    },
  }
  const other = stored<number>(client, prefix)
  const store = redisStore<number>(twice, { prefix })
  for (const kind of [
    'nothing comes between',
    'it is changed',
    'it is removed',
    'it is removed and made anew',
  ] as const)
    for (const call of ['create', 'update', 'remove'] as const) {
      const key = `${kind}, ${call}`
      if (call !== 'create') await other.create(key, 1)
      between = {
        'nothing comes between': undefined,
        'it is changed': () => other.update(key, 7),
        'it is removed': () => other.remove(key),
        'it is removed and made anew': async () => {
          await other.remove(key)
          await other.create(key, 9)
        },
      }[kind]
      const { ok } = await (call === 'create'
        ? store.create(key, 2)
        : call === 'update'
          ? store.update(key, 3)
          : store.remove(key))
      assert.ok(ok, key)
      const own = { create: 2, update: 3, remove: undefined }[call]
      const left = {
        'nothing comes between': own,
        'it is changed': call === 'remove' ? undefined : 7,
        'it is removed': undefined,
        'it is removed and made anew': 9,
      }[kind]
      assert.is((await other.get(key))?.value, left, key)
    }
}

if (!noRedisStore) {
  holds(
    'a client that sends a change twice by itself makes it once, and brings back nothing that was removed',
    sendsTwice,
  )

  holds('ioredis: a client with a prefix of its own is refused', async () => {
    const ioredis = redisClients.find(({ name }) => name === 'ioredis') as RedisClient
    const { client, close } = await ioredis.connect((await server()).port, { keyPrefix: 'app:' })
    assert.throws(() => redisStore(client, { prefix: 'p' }), { code: 'ERR_INVALID_ARG_VALUE', message: /keyPrefix/ })
    await close()
  })

  holds('send: a function that returns text as strings is refused', async () => {
    const store = redisStore({ send: async () => [1, 'text', 'text'] }, { prefix: 'p' })
    await assert.rejects(store.get('k'), { code: 'ERR_INVALID_RETURN_VALUE', message: /Buffer/ })
    const other = redisStore({ send: async () => 'text' }, { prefix: 'p' })
    await assert.rejects(other.get('k'), { code: 'ERR_INVALID_RETURN_VALUE', message: /arrays/ })
  })

  holds('the clients are closed, and the server ends', async () => {
    for (const made of connected.values()) await (await made).close()
    await (await shared)?.stop()
  })
}

holds('a client of redis is given no time limit for a command that it can send at once', async () => {
  const limits: unknown[] = []
  const client = {
    isOpen: true,
    isReady: false,
    async sendCommand([command]: readonly string[], options: object) {
      limits.push('timeout' in options ? options.timeout : 'its own')
      return command === 'HMGET' ? [null, null] : [Date.now(), null, null]
    },
  }
  const store = redisStore(client, { prefix: 'limits' })
  await store.get('k')
  client.isReady = true
  await store.get('k')
  assert.equal([...new Set(limits)], ['its own', undefined])
})
