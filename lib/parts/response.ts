// A response, as `fetch` resolves to: its body is data. It is known by what it has, because there are several classes of
// them: Node's own, that of undici, and one in each realm.

/** What makes a response. */
export interface ResponseLike {
  readonly ok: boolean
  readonly status: number
  readonly statusText?: string
  readonly url?: string
  /** A stream; null if there is none. */
  readonly body: unknown
  readonly bodyUsed: boolean
}

export function isResponse(value: unknown): value is ResponseLike {
  const { ok, status, bodyUsed, body } = (value ?? {}) as Partial<ResponseLike>
  return typeof ok === 'boolean' && typeof status === 'number' && typeof bodyUsed === 'boolean' && body !== undefined
}

/**
 * The body, which may be null. If the response is not ok, its body is cancelled, so that the connection is free.
 * @throws `ERR_RESPONSE_NOT_OK`, `ERR_BODY_USED`
 */
export function bodyOf(response: ResponseLike): unknown {
  const { ok, status, statusText = '', body, bodyUsed } = response
  if (!ok) {
    cancel(body)
    const said = `${status} ${statusText}`.trim()
    throw failure(`The response is not ok: ${said}`, 'ERR_RESPONSE_NOT_OK', response)
  }
  if (bodyUsed || (body as { readonly locked?: boolean } | null)?.locked)
    throw failure('The body of the response was read before, or is being read', 'ERR_BODY_USED', response)
  return body
}

/** Refuses a response where no content is wanted. */
export function refuseResponse(value: unknown, why: string): void {
  if (!isResponse(value)) return
  cancel(value.body)
  throw failure(`A response was returned, ${why}`, 'ERR_INVALID_RETURN_VALUE', value)
}

function failure(message: string, code: string, { status, url = '' }: ResponseLike): Error {
  return Object.assign(new Error(url === '' ? message : `${message} (${url})`), { code, status, url })
}

/** A stream of the web, or one of Node's, as some packages have. What is being read cannot be cancelled. */
function cancel(body: unknown): void {
  const stream = (body ?? {}) as { cancel?(): Promise<unknown>; destroy?(): unknown; on?: unknown }
  if (typeof stream.cancel === 'function') stream.cancel().catch(() => {})
  else if (typeof stream.destroy === 'function') stream.destroy()
}
