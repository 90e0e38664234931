import { inspect } from 'node:util'

const spell = (key: unknown): string => inspect(key, { depth: 0 })

export const cacheClosed = (): Error => Object.assign(new Error('The cache was closed'), { code: 'ERR_CACHE_CLOSED' })

/** `what`: the function that was given to the cache. */
export function tookTooLong(what: 'load' | 'check', key: unknown, ms: number): Error {
  const error = new Error(`The ${what} of ${spell(key)} did not end within ${ms} ms`)
  return Object.assign(error, {
    name: 'TimeoutError',
    code: what === 'load' ? 'ERR_LOAD_TIMEOUT' : 'ERR_CHECK_TIMEOUT',
  })
}

export const waitsForItself = (key: unknown): Error =>
  Object.assign(
    new Error(`The load or check of ${spell(key)} asks the cache for that key, so it would wait for itself`),
    {
      code: 'ERR_WAITS_FOR_ITSELF',
    },
  )

export const noVerdict = (returned: unknown): Error =>
  Object.assign(new TypeError(`The check must return 'valid' or 'expired'. It returned ${spell(returned)}`), {
    code: 'ERR_INVALID_RETURN_VALUE',
  })

/** What the signal of a load says that has become superfluous. */
export const valueWasSet = (key: unknown): Error =>
  Object.assign(new Error(`A value of ${spell(key)} was set meanwhile`), { name: 'AbortError', code: 'ABORT_ERR' })
