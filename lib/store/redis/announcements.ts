// What others commit, heard of through a channel of Redis: a hint that ends a wait early. A client that listens sends no
// other commands, so it is one of its own.

import { refusal } from '../../core/input.js'
import type { Steps } from '../../core/steps.js'
import { Hearing, type Stop } from '../remote/hearing.js'

/** A connected client of the package redis, used for nothing else. */
export interface NodeRedisSubscriber {
  subscribe(channel: string, heard: (message: string) => void): PromiseLike<unknown>
  unsubscribe(channel: string, heard: (message: string) => void): PromiseLike<unknown>
}

/** A client of the package ioredis, used for nothing else. */
export interface IoredisSubscriber {
  subscribe(channel: string): PromiseLike<unknown>
  unsubscribe(channel: string): PromiseLike<unknown>
  on(event: 'message', heard: (channel: string, message: string) => void): unknown
  off(event: 'message', heard: (channel: string, message: string) => void): unknown
  callBuffer(command: string, ...args: never[]): PromiseLike<unknown>
}

export type RedisSubscriber = NodeRedisSubscriber | IoredisSubscriber

export class Announcements {
  readonly channel: string
  readonly #hearing: Hearing

  constructor(subscriber: unknown, prefix: string) {
    const one = asSubscriber(subscriber)
    const channel = `${prefix}:changed`
    this.channel = channel
    this.#hearing = new Hearing(heard => listen(one, channel, heard))
  }

  /** Waits until the key may have changed, but at most `ms`. */
  next(key: string, ms: number): Steps<void> {
    return this.#hearing.next(key, ms)
  }

  close(): Steps<void> {
    return this.#hearing.close()
  }
}

async function listen(subscriber: RedisSubscriber, channel: string, heard: (key: string) => void): Promise<Stop> {
  if (!('callBuffer' in subscriber)) {
    await subscriber.subscribe(channel, heard)
    return () => subscriber.unsubscribe(channel, heard)
  }
  const message = (from: string, key: string) => {
    if (from === channel) heard(key)
  }
  subscriber.on('message', message)
  await subscriber.subscribe(channel)
  return () => {
    subscriber.off('message', message)
    return subscriber.unsubscribe(channel)
  }
}

function asSubscriber(value: unknown): RedisSubscriber {
  const { subscribe, unsubscribe } = (value ?? {}) as Partial<NodeRedisSubscriber>
  if (typeof subscribe === 'function' && typeof unsubscribe === 'function') return value as RedisSubscriber
  throw refusal('ERR_INVALID_ARG_TYPE', 'options.subscriber', 'a client of redis or ioredis', value)
}
