// The errors of proper-lockfile, in its words.

export type Code = 'ELOCKED' | 'ENOTACQUIRED' | 'ERELEASED' | 'ECOMPROMISED' | 'ESYNC'

const messages: Readonly<Record<Code, string>> = {
  ELOCKED: 'Lock file is already being held',
  ENOTACQUIRED: 'Lock is not acquired/owned by you',
  ERELEASED: 'Lock is already released',
  ECOMPROMISED: 'Unable to update lock within the stale threshold',
  ESYNC: 'Cannot use retries with the sync api',
}

export function errorOf(code: Code, more: { readonly file?: string; readonly cause?: unknown } = {}): Error {
  const { cause, ...rest } = more
  const error = new Error(messages[code], cause === undefined ? {} : { cause })
  return Object.assign(error, { code, ...rest })
}
