// A cluster of three servers: each key is on one of them, and a script is about one key.

import { setTimeout as pause } from 'node:timers/promises'
import { type RedisLike, redisStore } from 'holdfast/redis'
import { engine } from '../../support/engines.js'
import { assert, holds } from '../../support/kit.js'
import { noRedisStore, redisClient } from '../../support/redis-engines.js'
import { type RedisProcess, startRedis } from '../../support/redis-server.js'

interface Connected {
  readonly client: RedisLike
  close(): Promise<unknown>
}

const slots = 16_384

async function startCluster(): Promise<readonly RedisProcess[]> {
  const servers = await Promise.all(
    [0, 1, 2].map(() => startRedis('--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf')),
  )
  const first = servers[0] as RedisProcess
  for (const [number, { port }] of servers.entries()) {
    const { command, close } = await redisClient('ioredis').connect(port)
    const [from, to] = [number, number + 1].map(one => Math.floor((one * slots) / servers.length))
    await command('CLUSTER', 'ADDSLOTSRANGE', `${from}`, `${(to as number) - 1}`)
    await command('CLUSTER', 'SET-CONFIG-EPOCH', `${number + 1}`)
    await command('CLUSTER', 'MEET', '127.0.0.1', `${first.port}`)
    await close()
  }
  for (const { port } of servers) {
    const { command, close } = await redisClient('ioredis').connect(port)
    while (!/cluster_state:ok.*cluster_known_nodes:3/s.test(`${await command('CLUSTER', 'INFO')}`)) await pause(20)
    await close()
  }
  return servers
}

const clusters: Record<string, (ports: readonly number[]) => Promise<Connected>> = {
  async redis(ports) {
    const client = engine('redis').createCluster({
      rootNodes: ports.map(port => ({ url: `redis://127.0.0.1:${port}` })),
    })
    client.on('error', () => {})
    await client.connect()
    return { client, close: async () => client.destroy() }
  },
  async 'redis-4'(ports) {
    const client = engine('redis-4').createCluster({
      rootNodes: ports.map(port => ({ url: `redis://127.0.0.1:${port}` })),
    })
    client.on('error', () => {})
    await client.connect()
    return { client, close: () => client.disconnect() }
  },
  async ioredis(ports) {
    const client = new (engine('ioredis').Cluster)(ports.map(port => ({ host: '127.0.0.1', port })))
    return { client, close: async () => client.disconnect() }
  },
}

if (noRedisStore) holds.skip('a cluster', noRedisStore)
else {
  let servers: readonly RedisProcess[] = []
  for (const [name, connect] of Object.entries(clusters))
    holds(`${name}: a store in a cluster of three has its keys on all of them, and lists them`, async () => {
      if (servers.length === 0) servers = await startCluster()
      const { client, close } = await connect(servers.map(({ port }) => port))
      const store = redisStore<number>(client, { prefix: name })
      const keys = Array.from({ length: 60 }, (_, number) => `k${number}`)
      for (const made of (await store.createMany(keys.map((key, number) => [key, number]))).values()) assert.ok(made.ok)
      assert.equal((await store.create('k7', 0)).entry?.gone, false)
      assert.is((await store.update('k7', old => old.value + 1)).entry?.value, 8)
      assert.ok((await store.remove('k8')).ok)
      const found: string[] = []
      for await (const key of store.keys()) found.push(key)
      assert.equal(found.sort(), keys.filter(key => key !== 'k8').sort())
      for (const { port } of servers) {
        const one = await redisClient('ioredis').connect(port)
        assert.ok(Number(await one.command('DBSIZE')) > 0)
        // It has forgotten the scripts.
        await one.command('SCRIPT', 'FLUSH')
        await one.close()
      }
      assert.is((await store.getMany(keys)).size, 59)
      await close()
    })
  holds('the servers of the cluster end', async () => {
    for (const server of servers) await server.stop()
  })
}
