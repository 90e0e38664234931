// Commands, sent to Redis until a reply has come: for a store, each is a script about one key.

import type { Steps } from '../../core/steps.js'
import { ask, type RemoteLimits } from '../remote/ask.js'
import { look } from '../remote/look.js'
import { asReplyList, type Connection } from './client.js'
import { ServerClock } from './clock.js'
import { failureOf, isNoScript } from './failures.js'
import type { Names } from './names.js'
import type { Script } from './scripts.js'

export class RedisServer {
  readonly names: Names
  readonly limits: RemoteLimits
  readonly connection: Connection
  readonly clock = new ServerClock()

  constructor(connection: Connection, names: Names, limits: RemoteLimits) {
    this.connection = connection
    this.names = names
    this.limits = limits
  }

  /** Runs a script once. */
  run(script: Script, key: string, args: readonly (string | Buffer)[] = []): Steps<readonly unknown[]> {
    return this.once(() => this.evaluate(script, this.names.of(key), args))
  }

  /** Asks once. */
  *once(send: () => PromiseLike<unknown>): Steps<readonly unknown[]> {
    return asReplyList(yield* ask(send, this.limits.timeoutMs))
  }

  /** The same for what changes nothing: it is repeated where the connection was cut, or the server is not ready. */
  *look(send: () => PromiseLike<unknown>): Steps<readonly unknown[]> {
    const { retryForMs, timeoutMs } = this.limits
    return asReplyList(yield* look(() => ask(send, timeoutMs), this.#failureOf, retryForMs))
  }

  readonly #failureOf = (error: unknown) => (this.connection.isOver() ? 'refused' : failureOf(error))

  /** A server knows a script by its sum, once it has seen the text. */
  evaluate({ sum, text }: Script, name: string, args: readonly (string | Buffer)[] = []): PromiseLike<unknown> {
    const { send } = this.connection
    return send(['EVALSHA', sum, '1', name, ...args], name).then(undefined, error => {
      if (!isNoScript(error)) throw error
      return send(['EVAL', text, '1', name, ...args], name)
    })
  }
}
