// What a failed statement says about its outcome.

import { isNoReply } from '../remote/ask.js'
import type { Failure } from '../remote/failure.js'

/** Not serializable, a deadlock, a lock that was not free. */
const conflicts: ReadonlySet<string> = new Set(['40001', '40P01', '55P03'])

/** Too many connections, or a server that starts up: the statement was not sent. */
const notYet: ReadonlySet<string> = new Set(['53300', '57P03'])

/** The connection failed, the server shuts down, or it says itself that it does not know. */
const isCut = (state: string): boolean => state.startsWith('08') || state.startsWith('57P0') || state === '40003'

/** pg, and postgres, when they are used after their end. */
const isOver = /not queryable|after calling end|CONNECTION_ENDED/

interface ClientError {
  readonly code?: unknown
  readonly severity?: unknown
  readonly syscall?: unknown
  readonly message?: unknown
}

export function failureOf(error: unknown): Failure {
  if (isNoReply(error)) return 'in doubt'
  const { code, severity, syscall, message } = (error ?? {}) as ClientError
  // Errors of the server have a severity; a statement that ends with one is undone.
  if (typeof severity === 'string' && typeof code === 'string') {
    if (conflicts.has(code) || notYet.has(code)) return 'put off'
    return isCut(code) ? 'in doubt' : 'refused'
  }
  if (error instanceof TypeError || isOver.test(`${code} ${message}`)) return 'refused'
  if (code === 'ENOTFOUND') return 'refused'
  const isConnecting = syscall === 'connect' || syscall === 'getaddrinfo' || code === 'CONNECT_TIMEOUT'
  return isConnecting || /trying to connect/.test(`${message}`) ? 'put off' : 'in doubt'
}

/** Is it an error of the server with one of these SQLSTATEs? */
export function hasState(error: unknown, ...states: readonly string[]): boolean {
  const { code, severity } = (error ?? {}) as ClientError
  return typeof severity === 'string' && states.includes(code as string)
}
