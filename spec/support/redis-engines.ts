// The clients of Redis, for specs of stores.

import type { RedisLike, RedisSubscriber } from 'holdfast/redis'
import { engine, noEngines } from './engines.js'
import { noRedis } from './redis-server.js'

/** A connected client, and what specs do with one besides. */
export interface Client {
  readonly client: RedisLike
  /** The client that is behind it, for a second store or as a subscriber. */
  readonly subscriber: RedisSubscriber
  /** Sends any command. */
  command(...args: string[]): Promise<unknown>
  close(): Promise<void>
}

export interface RedisClient {
  readonly name: string
  connect(port: number, options?: object): Promise<Client>
}

/** Why no store in Redis can be tried; undefined: it can. */
export const noRedisStore = noRedis ?? noEngines

const quick = { connectTimeout: 1_000 }

const nodeRedis = (name: string): RedisClient => ({
  name,
  async connect(port, options = {}) {
    const socket = { host: '127.0.0.1', port, ...quick, reconnectStrategy: () => 20 }
    const client = engine(name).createClient({ socket, ...options })
    // A client without a listener throws when its connection is cut.
    client.on('error', () => {})
    await client.connect()
    return {
      client,
      subscriber: client,
      command: (...args) => client.sendCommand(args),
      close: async () => void (client.isOpen && (await (client.destroy ?? client.disconnect).call(client))),
    }
  },
})

const ioredis: RedisClient = {
  name: 'ioredis',
  async connect(port, options = {}) {
    const { Redis } = engine('ioredis')
    const client = new Redis({
      host: '127.0.0.1',
      port,
      ...quick,
      lazyConnect: true,
      retryStrategy: () => 20,
      ...options,
    })
    client.on('error', () => {})
    await client.connect()
    return {
      client,
      subscriber: client,
      command: (command, ...args) => client.call(command, ...args),
      close: async () => client.disconnect(),
    }
  },
}

/** A client of one's own: all that it has is `send`. */
const own: RedisClient = {
  name: 'send',
  async connect(port, options) {
    const inner = await ioredis.connect(port, options)
    const { callBuffer } = inner.client as { callBuffer(...args: unknown[]): Promise<unknown> }
    return { ...inner, client: { send: args => callBuffer.apply(inner.client, args) } }
  },
}

/** `redis` is the newest version, `redis-4` the oldest that is taken. */
export const redisClients: readonly RedisClient[] = [nodeRedis('redis'), nodeRedis('redis-4'), ioredis, own]

export const redisClient = (name: string): RedisClient => redisClients.find(one => one.name === name) as RedisClient
