// The errors of proper-lockfile, in its words.

export type Code = 'ELOCKED' | 'ENOTACQUIRED' | 'ERELEASED' | 'ECOMPROMISED' | 'ESYNC'

const messages: Readonly<Record<Code, string>> = {
  ELOCKED: 'Lock file is already being held',
  ENOTACQUIRED: 'Lock is not acquired/owned by you',
  ERELEASED: 'Lock is already released',
  ECOMPROMISED: 'Unable to update lock within the stale threshold',
  ESYNC: 'Cannot use retries with the sync api',
}

interface More {
  readonly file?: string
  readonly cause?: unknown
  /** What is said instead of the usual. */
  readonly message?: string | undefined
}

export function errorOf(code: Code, { cause, message = messages[code], ...rest }: More = {}): Error {
  const error = new Error(message, cause === undefined ? {} : { cause })
  return Object.assign(error, { code, ...rest })
}
