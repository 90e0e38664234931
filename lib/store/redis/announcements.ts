// What others commit, heard of through a channel of Redis: a hint that ends a wait early. A client that listens sends no
// other commands, so it is one of its own.

import { refusal } from '../../core/input.js'
import { fs, pending, type Steps } from '../../core/steps.js'
import { untilNextLook } from '../remote/pause.js'

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

/** A message may be lost, so a wait ends after this time in any case. */
const longestWaitMs = 500

type End = () => PromiseLike<unknown>

export class Announcements {
  readonly channel: string
  readonly #subscriber: RedisSubscriber
  readonly #waits = new Map<string, Set<() => void>>()
  /** How to end it; undefined where the subscription has failed. */
  #begun: Promise<End | undefined> | undefined

  constructor(subscriber: unknown, prefix: string) {
    this.#subscriber = asSubscriber(subscriber)
    this.channel = `${prefix}:changed`
  }

  /** Waits until the key may have changed, but at most `ms`. */
  *next(key: string, ms: number): Steps<void> {
    let stop = () => {}
    const heard = new Promise<void>(resolve => {
      stop = this.#expect(key, resolve)
    })
    try {
      this.#begun ??= this.#subscribe().catch(() => undefined)
      const end = yield* fs.settle(this.#begun, ms)
      // Without a subscription the key is looked at from time to time.
      if (!end) yield* untilNextLook(ms)
      else if (end !== pending) yield* fs.settle(heard, Math.min(ms, longestWaitMs))
    } finally {
      stop()
    }
  }

  #expect(key: string, resolve: () => void): () => void {
    const waits = this.#waits.get(key) ?? new Set()
    this.#waits.set(key, waits.add(resolve))
    return () => {
      waits.delete(resolve)
      if (waits.size === 0) this.#waits.delete(key)
    }
  }

  readonly #heard = (key: string): void => {
    for (const resolve of [...(this.#waits.get(key) ?? [])]) resolve()
  }

  async #subscribe(): Promise<End> {
    const { channel } = this
    const subscriber = this.#subscriber
    if (!('callBuffer' in subscriber)) {
      await subscriber.subscribe(channel, this.#heard)
      return () => subscriber.unsubscribe(channel, this.#heard)
    }
    const heard = (from: string, key: string) => {
      if (from === channel) this.#heard(key)
    }
    subscriber.on('message', heard)
    await subscriber.subscribe(channel)
    return () => {
      subscriber.off('message', heard)
      return subscriber.unsubscribe(channel)
    }
  }

  /** The subscriber may have been closed before: then there is nothing to end. */
  *close(): Steps<void> {
    const begun = this.#begun
    this.#begun = undefined
    if (!begun) return
    const ended = begun.then(end => end?.()).catch(() => {})
    yield* fs.settle(ended, longestWaitMs)
  }
}

function asSubscriber(value: unknown): RedisSubscriber {
  const { subscribe, unsubscribe } = (value ?? {}) as Partial<NodeRedisSubscriber>
  if (typeof subscribe === 'function' && typeof unsubscribe === 'function') return value as RedisSubscriber
  throw refusal('ERR_INVALID_ARG_TYPE', 'options.subscriber', 'a client of redis or ioredis', value)
}
