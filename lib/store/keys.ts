// What may be a key.

import { refusal } from '../core/input.js'

const mostBytes = 4096

/** With what wrappers put before it. */
export const mostWholeBytes = 8192

/**
 * Refuses what is no key: a key is a well-formed string of 1 to 4,096 bytes. Engines spell it as they must, and take what
 * wrappers make of it as well.
 */
export function checkKey(key: unknown, argument = 'key', most = mostBytes): asserts key is string {
  if (typeof key !== 'string') throw refusal('ERR_INVALID_ARG_TYPE', argument, 'of type string', key)
  if (key === '') throw refusal('ERR_INVALID_ARG_VALUE', argument, 'a string that is not empty', key)
  // Half of a pair has no bytes of its own, so several such keys would be one.
  if (/\p{Surrogate}/u.test(key))
    throw refusal('ERR_INVALID_ARG_VALUE', argument, 'a well-formed string, without lone surrogates', key)
  // No character has more than three bytes for each of its units, so most keys need not be counted.
  if (key.length * 3 > most && Buffer.byteLength(key) > most)
    throw refusal('ERR_OUT_OF_RANGE', argument, `at most ${most} bytes long`, key)
}

export function asText(value: unknown, argument: string): string {
  if (typeof value === 'string') return value
  throw refusal('ERR_INVALID_ARG_TYPE', argument, 'of type string', value)
}
