// What a failed command says about its outcome.

import { isNoReply } from '../remote/ask.js'
import type { Failure } from '../remote/failure.js'

/** Words that replies begin with: the server starts up, its cluster is moving keys, or another script takes long. */
const putOff = /^(LOADING|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|BUSY) /

/** An error that the server has sent begins with a word in capitals, and the command was not carried out. */
const isReply = /^[A-Z][A-Z0-9]+ /

/** Of the package redis: the command was not sent, because the client was closed, or is not connected. */
const notSent: ReadonlySet<string> = new Set(['ClientClosedError', 'ClientOfflineError'])

interface ClientError {
  readonly message?: unknown
  readonly code?: unknown
  readonly syscall?: unknown
}

export function failureOf(error: unknown): Failure {
  if (isNoReply(error)) return 'in doubt'
  const { message, code, syscall } = (error ?? {}) as ClientError
  const text = String(message)
  if (code === undefined && isReply.test(text)) return putOff.test(text) ? 'put off' : 'refused'
  if (code === 'ERR_STORE_FORMAT' || error instanceof TypeError) return 'refused'
  if (syscall === 'connect' || syscall === 'getaddrinfo') return 'put off'
  return notSent.has((error as object)?.constructor?.name) ? 'refused' : 'in doubt'
}

/** Does the server not know the script by its sum? It forgets all when it starts anew. */
export const isNoScript = (error: unknown): boolean => /^NOSCRIPT /.test(String((error as Error | undefined)?.message))
