// The connection is cut at every request of every operation: before the server has it, before its reply has come back, and so
// that the request arrives after all, late. The call does what it says, or it says that it does not know, and `confirm` does.

import { setTimeout as pause } from 'node:timers/promises'
import { redisStore } from 'holdfast/redis'
import type { Store } from 'holdfast/store'
import { type Cut, type CuttingProxy, startProxy } from '../../support/cutting-proxy.js'
import { assert, holds, note } from '../../support/kit.js'
import { noRedisStore, redisClient } from '../../support/redis-engines.js'
import { startRedis } from '../../support/redis-server.js'

interface Case {
  readonly name: string
  /** What is there before. */
  readonly before?: string
  readonly call: (store: Store<string>, key: string) => Promise<unknown>
  /** Does the key look as it does when the call was made? */
  readonly isDone: (store: Store<string>, key: string) => Promise<boolean>
}

const valueIs = (value: string | undefined) => async (store: Store<string>, key: string) =>
  (await store.get(key))?.value === value

const made = async (change: ReturnType<Store<string>['touch']>): Promise<void> =>
  assert.ok((await change).ok, 'refused')

const cases: readonly Case[] = [
  { name: 'create', call: (store, key) => made(store.create(key, 'new')), isDone: valueIs('new') },
  {
    name: 'create, with an end',
    call: (store, key) => made(store.create(key, 'new', { ttl: 600_000 })),
    isDone: async (store, key) =>
      Number((await store.get(key).then(one => one && !one.gone && one.expires)) || 0) > Date.now(),
  },
  { name: 'update', before: 'old', call: (store, key) => made(store.update(key, 'new')), isDone: valueIs('new') },
  {
    name: 'update with a function',
    before: 'old',
    call: (store, key) => made(store.update(key, ({ value }) => `${value}+1`)),
    // A change that was made twice would show.
    isDone: valueIs('old+1'),
  },
  {
    name: 'touch',
    before: 'old',
    call: (store, key) => made(store.touch(key, 600_000)),
    isDone: async (store, key) => (await store.get(key).then(one => one && !one.gone && one.expires)) !== undefined,
  },
  { name: 'remove', before: 'old', call: (store, key) => made(store.remove(key)), isDone: valueIs(undefined) },
  {
    name: 'remove, remembered',
    before: 'old',
    call: (store, key) => made(store.remove(key, { tombstone: 600_000 })),
    isDone: async (store, key) => (await store.get(key))?.gone === true,
  },
  {
    name: 'get',
    before: 'old',
    call: async (store, key) => assert.is((await store.get(key))?.value, 'old'),
    isDone: valueIs('old'),
  },
  {
    name: 'keys',
    before: 'old',
    call: async (store, key) => {
      const found: string[] = []
      for await (const one of store.keys({ prefix: key })) found.push(one)
      assert.equal(found, [key])
    },
    isDone: valueIs('old'),
  },
]

interface Site {
  readonly proxy: CuttingProxy
  readonly store: Store<string>
  /** The same store, past the proxy. */
  readonly direct: Store<string>
}

/** Returns how it went; undefined: the call has fewer requests. */
async function cutOnce({ proxy, store, direct }: Site, one: Case, key: string, at: number, how: Cut) {
  if (one.before !== undefined) await direct.create(key, one.before)
  // The connection is there again.
  await store.get(key)
  proxy.reset(at, how)
  const outcome = await one.call(store, key).then(
    () => 'made' as const,
    error => error as NodeJS.ErrnoException,
  )
  const wasCut = proxy.requests > at
  proxy.reset()
  // What is on its way late has arrived.
  if (how === 'late') await pause(50)
  if (outcome === 'made') assert.ok(await one.isDone(direct, key), `${one.name}: not so, though the call says it`)
  else {
    assert.is(outcome.code, 'ERR_UNKNOWN_OUTCOME', outcome.stack)
    const verdict = await store.confirm(outcome)
    assert.is(verdict === 'done', await one.isDone(direct, key), `${one.name}: confirm says ${verdict}`)
  }
  return wasCut ? (outcome === 'made' ? 'made' : 'unknown') : undefined
}

for (const name of ['redis', 'redis-4', 'ioredis']) {
  const title = `${name}: whichever request the connection is cut at, a call is right, or says that it cannot know`
  if (noRedisStore) holds.skip(title, noRedisStore)
  else
    holds(title, async () => {
      const server = await startRedis()
      const proxy = await startProxy(server.port)
      const client = await redisClient(name).connect(proxy.port)
      const past = await redisClient(name).connect(server.port)
      const site = {
        proxy,
        store: redisStore<string>(client.client, { prefix: 'cut', retryFor: 2_000 }),
        direct: redisStore<string>(past.client, { prefix: 'cut' }),
      }
      const count = { made: 0, unknown: 0 }
      for (const [number, one] of cases.entries())
        for (const how of ['request', 'reply', 'late'] as const)
          for (let at = 0; ; at++) {
            const went = await cutOnce(site, one, `${number}-${how}-${at}`, at, how)
            if (!went) break
            count[went]++
          }
      note(`${name}: ${count.made + count.unknown} cuts, ${count.unknown} of them with an unknown outcome`)
      assert.ok(count.made > 3 * cases.length)
      for (const one of [client, past]) await one.close()
      await proxy.close()
      await server.stop()
    })
}
