// `holdfast/redis`: a store that any number of machines use at once, in Redis or Valkey.

import { checkNames } from './core/option-names.js'
import type { Store } from './store/contract.js'
import { openStore, type StoreOptions } from './store/open.js'
import { Announcements, type RedisSubscriber } from './store/redis/announcements.js'
import { RedisBacking } from './store/redis/backing.js'
import { connectionOf, type RedisLike } from './store/redis/client.js'
import { asPrefix, Names } from './store/redis/names.js'
import { RedisServer } from './store/redis/server.js'
import { asRemoteLimits, type RemotePatience } from './store/remote/ask.js'

export type { Codec } from './store/codec.js'
export type { Store } from './store/contract.js'
export type { StoreOptions } from './store/open.js'
export type { IoredisSubscriber, NodeRedisSubscriber, RedisSubscriber } from './store/redis/announcements.js'
export type { IoredisLike, NodeRedisLike, RedisLike, SenderLike } from './store/redis/client.js'
export type { RemotePatience } from './store/remote/ask.js'

export interface RedisStoreOptions<T> extends StoreOptions<T>, RemotePatience {
  /**
   * Which keys of the server are the store's: `{<prefix>:<key>}`. It has no `:`, `{` and `}`, so that no two stores spell a
   * key alike.
   */
  readonly prefix: string
  /**
   * A second client, connected and used for nothing else, by which calls that wait for others hear of changes. All processes
   * of a store should have one: only those announce what they change. @default none: they look every 5 to 100 ms
   */
  readonly subscriber?: RedisSubscriber | undefined
}

const optionNames: ReadonlySet<string> = new Set([
  ...(['prefix', 'codec', 'maxValueBytes', 'timeout', 'retryFor', 'subscriber'] as const),
] satisfies (keyof RedisStoreOptions<unknown>)[])

/**
 * Keeps a store in Redis, for processes on any number of machines. `client` is one of the package redis (version 4 or
 * newer; of one server, a pool, a cluster or a sentinel), one of ioredis, or an object with `send(args, key)`; the caller
 * connects it, and closes it.
 *
 * Holds afterwards: nothing has been sent yet; the first call of the store does that. Each change is one script about one
 * key, which runs alone on the server, on the condition that the state is still the one that was seen; so it works in a
 * cluster, too. Times are those of the server's clock. If the connection is lost, or no reply comes within `timeout`, the
 * call looks what became of its script, by an id that is used once.
 *
 * Not promised: more than the server keeps. A server whose `maxmemory-policy` is not `noeviction` drops entries and claims
 * when its memory is full (the diagnostics channel `holdfast:evicting` says so when the store is first used), and replicas
 * are behind, so a failover may forget what was reported as done. A claim of a process on another machine counts as
 * dead when its state has not changed for as long as its `lease`.
 * A client that keeps commands while it is not connected sends them late. That is harmless here, but a call takes longer
 * to fail: such a queue is best switched off. That a time limit which the client itself has for each command
 * (`commandOptions.timeout` of redis) counts while it is connected: `timeout` does.
 *
 * @param client A client of `redis` or `ioredis` that is connected; it stays yours, and is not closed.
 * @param options `prefix` must be there. `codec`, `maxValueBytes`, `subscriber`, `timeout` (ms for each command,
 *   default 5,000), `retryFor` (ms, default 10,000): see `RedisStoreOptions`.
 * @returns A store without `sync` forms: no client of Redis has them.
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`: bad input. The functions of the store throw as `Store` says, and
 *   `ERR_UNKNOWN_OUTCOME` if it cannot be known what became of a change; `ERR_TIMEOUT` if a command that changes nothing
 *   had no reply; `ERR_STORE_FORMAT` if a key is not one of this store, or of another version; `ERR_INVALID_RETURN_VALUE` in
 *   the sync form. The client's own error, unchanged, if nothing was done.
 *
 * @example
 * const client = createClient({ url: 'redis://cache', disableOfflineQueue: true })
 * await client.connect()
 * const tokens = redisStore(client, { prefix: 'tokens' })
 * const { value } = await getOrSet(tokens, 'api', () => login(), { ttl: 600_000 })
 *
 * Source of the protocol: compare-and-swap in a script, as SET with XX and NX cannot do it.
 */
export function redisStore<T = unknown>(client: RedisLike, options: RedisStoreOptions<T>): Store<T> {
  checkNames(options, optionNames, 'options')
  const { prefix, subscriber, timeout, retryFor, ...rest } = options
  const connection = connectionOf(client)
  const names = new Names(asPrefix(prefix))
  const limits = asRemoteLimits({ timeout, retryFor })
  const announcements = subscriber === undefined ? undefined : new Announcements(subscriber, names.prefix)
  return openStore<T>(new RedisBacking(new RedisServer(connection, names, limits), announcements), rest)
}
