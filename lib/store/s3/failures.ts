// What a failed request says about its outcome.

import { isNoReply } from '../remote/ask.js'
import type { Failure } from '../remote/failure.js'

/** A conflicting request under way, too many requests, slow down: it was not carried out. */
const putOff: ReadonlySet<number> = new Set([409, 429, 503])

interface ClientError {
  readonly status?: unknown
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly name?: unknown
  readonly syscall?: unknown
  readonly cause?: unknown
}

export function failureOf(error: unknown): Failure {
  if (isNoReply(error)) return 'in doubt'
  const { status, $metadata, name, cause } = (error ?? {}) as ClientError
  const replied = typeof status === 'number' ? status : $metadata?.httpStatusCode
  if (replied !== undefined && putOff.has(replied)) return 'put off'
  // Before it fails so, a server may have done what it was asked for; but not what it does not know (501).
  if (replied !== undefined && replied !== 0)
    return (replied >= 500 && replied !== 501) || replied === 408 ? 'in doubt' : 'refused'
  if (isConnecting(error) || isConnecting(cause)) return 'put off'
  // fetch fails with a TypeError that has a cause; without one, it is an error of the program.
  if (error instanceof TypeError && cause === undefined) return 'refused'
  return name === 'CredentialsProviderError' ? 'refused' : 'in doubt'
}

/** The connection was not made, so nothing was sent. */
function isConnecting(error: unknown): boolean {
  const { syscall, code, errors } = (error ?? {}) as { syscall?: unknown; code?: unknown; errors?: readonly unknown[] }
  if (syscall === 'connect' || code === 'UND_ERR_CONNECT_TIMEOUT') return true
  // An address for each kind of IP was tried.
  return Array.isArray(errors) && errors.length > 0 && errors.every(isConnecting)
}
