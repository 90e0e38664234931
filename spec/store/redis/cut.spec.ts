// The connection to Redis is cut at every command of each operation.

import { redisStore } from 'holdfast/redis'
import { askedAgain } from '../../broken/asked-again.js'
import { type CuttingProxy, startProxy } from '../../support/cutting-proxy.js'
import { assert, holds } from '../../support/kit.js'
import { type Client, noRedisStore, redisClient } from '../../support/redis-engines.js'
import { startRedis } from '../../support/redis-server.js'
import { cutEverywhere, type Strings } from '../../support/store-cuts.js'

/** Runs the body with a client whose connections can be cut, and with one past that. */
async function withClients(name: string, body: (far: Client, near: Client, proxy: CuttingProxy) => Promise<unknown>) {
  const server = await startRedis()
  const proxy = await startProxy(server.port)
  const far = await redisClient(name).connect(proxy.port)
  const near = await redisClient(name).connect(server.port)
  try {
    await body(far, near, proxy)
  } finally {
    for (const one of [far, near]) await one.close()
    await proxy.close()
    await server.stop()
  }
}

for (const name of ['redis', 'redis-4', 'ioredis']) {
  const title = `${name}: wherever the connection is cut, each operation is done once, or confirm finds out`
  if (noRedisStore) holds.skip(title, noRedisStore)
  else
    holds(title, () =>
      withClients(name, (far, near, proxy) => {
        const cut = redisStore<string>(far.client, { prefix: 'cut', retryFor: 10_000 })
        const direct = redisStore<string>(near.client, { prefix: 'cut' })
        return cutEverywhere({ direct, cut, proxy })
      }),
    )
}

const caught = 'the same cuts catch: a change that is made once more when the connection was cut'
if (noRedisStore) holds.skip(caught, noRedisStore)
else
  holds(caught, () =>
    withClients('redis', (far, near, proxy) => {
      const [cut, direct] = [far, near].map(({ command }) => askedAgain(command)) as [Strings, Strings]
      return assert.rejects(cutEverywhere({ direct, cut, proxy }, ['update by a function']), { message: /old\+1\+1/ })
    }),
  )
