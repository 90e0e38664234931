// The clients that users pass in, known by what they can do, and seen as one: each sends a command for a key, and returns
// the reply with text as bytes.

import { refusal } from '../../core/input.js'

/** A client of the package redis from version 4 on: of one server, a pool, a cluster or a sentinel. */
export interface NodeRedisLike {
  sendCommand(...args: never[]): PromiseLike<unknown>
}

/** A `Redis` or a `Cluster` of the package ioredis. */
export interface IoredisLike {
  callBuffer(command: string, ...args: never[]): PromiseLike<unknown>
}

/** Anything else that sends a command. `key`: the one that the command is about; undefined: it is about none. */
export interface SenderLike {
  /** Each string and each binary value of the reply must be an instance of Buffer or Uint8Array. */
  send(args: (string | Buffer)[], key: string | undefined): PromiseLike<unknown>
}

export type RedisLike = NodeRedisLike | IoredisLike | SenderLike

export type Send = (args: readonly (string | Buffer)[], key?: string) => PromiseLike<unknown>

export interface Connection {
  readonly send: Send
  /** To each server that has keys, for commands that are about no key. */
  servers(): Promise<readonly Send[]>
  /** Was the client closed? Then nothing that is tried again succeeds. */
  isOver(): boolean
}

type Command = (...args: unknown[]) => PromiseLike<unknown>

interface AnyClient {
  readonly send?: SenderLike['send']
  readonly sendCommand?: Command
  readonly callBuffer?: Command
  readonly options?: { readonly keyPrefix?: unknown } | undefined
  readonly status?: unknown
  readonly isOpen?: unknown
  readonly isReady?: unknown
  readonly masters?: Iterable<unknown>
  readonly nodeClient?: (node: unknown) => unknown
  readonly nodes?: (role: 'master') => Iterable<unknown>
  readonly getSentinelNode?: unknown
}

export function connectionOf(value: unknown): Connection {
  const client = (value ?? {}) as AnyClient
  if (typeof client.callBuffer === 'function') return ioredis(client as AnyClient & IoredisLike)
  if (typeof client.sendCommand === 'function') return nodeRedis(client)
  if (typeof client.send === 'function') return sender(client as SenderLike)
  const expected = 'a client of redis or ioredis, or an object with send(args, key)'
  throw refusal('ERR_INVALID_ARG_TYPE', 'client', expected, value)
}

function ioredis(client: AnyClient): Connection {
  if (client.options?.keyPrefix)
    throw refusal('ERR_INVALID_ARG_VALUE', 'client', 'one without keyPrefix: the store has a prefix', client)
  const sendBy =
    (one: AnyClient): Send =>
    args =>
      (one.callBuffer as Command).apply(one, args as unknown[])
  const send = sendBy(client)
  const { nodes } = client
  return {
    send,
    servers: async () => (nodes ? [...nodes.call(client, 'master')].map(one => sendBy(one as AnyClient)) : [send]),
    isOver: () => client.status === 'end',
  }
}

/** Both are said to each version: version 4 knows the first, later ones the second, by the letter of text in replies. */
const asBytes = { returnBuffers: true, typeMapping: { ['$'.charCodeAt(0)]: Buffer } }

/**
 * For a client that is connected. Newer versions end a command that was not sent in time, by an AbortSignal for each, and
 * that takes a tenth of the time of a read. A client that is connected sends it at once, and the store itself waits for
 * the reply no longer than its `timeout`.
 */
const asBytesAtOnce = { ...asBytes, timeout: undefined }

function nodeRedis(client: AnyClient): Connection {
  const call = (one: AnyClient, ...args: unknown[]) => (one.sendCommand as Command).apply(one, args)
  const sendBy =
    (one: AnyClient): Send =>
    args =>
      call(one, args, one.isReady === true ? asBytesAtOnce : asBytes)
  const isOver = () => client.isOpen === false
  const { nodeClient, masters } = client
  if (nodeClient && masters) {
    const byNode = async (node: unknown) => sendBy((await nodeClient.call(client, node)) as AnyClient)
    return {
      send: (args, key) => call(client, key, false, args, asBytes),
      servers: () => Promise.all(Array.from(client.masters ?? [], byNode)),
      isOver,
    }
  }
  const send: Send = client.getSentinelNode ? args => call(client, false, args, asBytes) : sendBy(client)
  return { send, servers: async () => [send], isOver }
}

function sender(client: SenderLike): Connection {
  const send: Send = (args, key) => client.send([...args], key)
  return { send, servers: async () => [send], isOver: () => false }
}

/** Returns text of a reply as bytes; undefined where there is none. */
export function asReplyBytes(value: unknown): Buffer | undefined {
  if (value === null || value === undefined) return undefined
  if (Buffer.isBuffer(value)) return value
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  const message = 'The "send" function of the client must return text as instances of Buffer or Uint8Array'
  throw Object.assign(new TypeError(message), { code: 'ERR_INVALID_RETURN_VALUE' })
}

/** Returns a list of a reply. */
export function asReplyList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  const message = 'The "send" function of the client must return lists as arrays'
  throw Object.assign(new TypeError(message), { code: 'ERR_INVALID_RETURN_VALUE' })
}
