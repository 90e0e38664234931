// A question to a server, put through a client that the caller has passed in. Such clients know promises only.

import { asNumber } from '../../core/input.js'
import { fs, pending, type Steps } from '../../core/steps.js'

/** How long an engine waits for its server. */
export interface RemotePatience {
  /**
   * Milliseconds until a command counts as not replied to. Whether it was carried out is then looked up, or the call
   * ends with `ERR_UNKNOWN_OUTCOME`. @default 5_000
   */
  readonly timeout?: number | undefined
  /** Milliseconds for which a command is tried again that was put off, or could not be sent. @default 10_000 */
  readonly retryFor?: number | undefined
}

export interface RemoteLimits {
  readonly timeoutMs: number
  readonly retryForMs: number
}

export const asRemoteLimits = ({ timeout, retryFor }: RemotePatience): RemoteLimits => ({
  timeoutMs: asNumber(timeout, 'options.timeout', 5_000, 1),
  retryForMs: asNumber(retryFor, 'options.retryFor', 10_000),
})

/** Has no reply come in time? What was asked may be carried out all the same. */
export const isNoReply = (error: unknown): boolean => noReplies.has(error as object)

const noReplies = new WeakSet<object>()

function noReply(ms: number): Error {
  const error = Object.assign(new Error(`The server did not reply within ${ms} ms`), { code: 'ERR_TIMEOUT' })
  noReplies.add(error)
  return Object.defineProperty(error, 'name', { value: 'TimeoutError', configurable: true })
}

/** Sends, and waits for the reply. The sync form is refused before anything is sent. */
export function* ask<T>(send: () => PromiseLike<T>, ms: number): Steps<T> {
  if (yield* fs.blocking()) throw syncRefused()
  const reply = yield* fs.settle(send(), ms)
  if (reply === pending) throw noReply(ms)
  return reply as T
}

function syncRefused(): Error {
  const message = 'The sync form cannot wait for a server: use the promise form of this store'
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_RETURN_VALUE' })
}
