import { inspect } from 'node:util'
import { timeoutError } from '../core/interruption.js'

const spell = (key: unknown): string => inspect(key, { depth: 0 })

export const cacheClosed = (): Error => Object.assign(new Error('The cache was closed'), { code: 'ERR_CACHE_CLOSED' })

/** `what`: the function that was given to the cache. */
export const tookTooLong = (what: 'load' | 'check', key: unknown, ms: number): Error =>
  Object.assign(timeoutError(ms, undefined), {
    code: what === 'load' ? 'ERR_LOAD_TIMEOUT' : 'ERR_CHECK_TIMEOUT',
    message: `The ${what} of ${spell(key)} did not end within ${ms} ms`,
  })

export const waitsForItself = (key: unknown): Error =>
  Object.assign(new Error(`The load of ${spell(key)} would wait for itself: it was asked for inside of that load`), {
    code: 'ERR_WAITS_FOR_ITSELF',
  })

export const noVerdict = (returned: unknown): Error =>
  Object.assign(new TypeError(`The check must return 'valid' or 'expired'. It returned ${spell(returned)}`), {
    code: 'ERR_INVALID_RETURN_VALUE',
  })

/** What the signal of a load says that has become superfluous. */
export const valueWasSet = (key: unknown): Error =>
  Object.assign(new Error(`A value of ${spell(key)} was set meanwhile`), { name: 'AbortError', code: 'ABORT_ERR' })
