// How Redis spells the keys of a store: `{<prefix>:<key>}`. The braces keep what is about one key on one server of a cluster.

import { refusal } from '../../core/input.js'

const mostOfPrefix = 256

/** A prefix has no colon, so that no two stores spell a key alike. */
export function asPrefix(value: unknown): string {
  if (typeof value !== 'string') throw refusal('ERR_INVALID_ARG_TYPE', 'options.prefix', 'of type string', value)
  if (/^[^:{}\p{Surrogate}]+$/u.test(value) && value.length <= mostOfPrefix) return value
  const expected = `a string of 1 to ${mostOfPrefix} characters without ':', '{' and '}'`
  throw refusal('ERR_INVALID_ARG_VALUE', 'options.prefix', expected, value)
}

export class Names {
  readonly prefix: string
  readonly #before: string

  constructor(prefix: string) {
    this.prefix = prefix
    this.#before = `{${prefix}:`
  }

  of(key: string): string {
    return `${this.#before}${key}}`
  }

  /** The opposite of `of`. */
  keyOf(name: string): string {
    return name.slice(this.#before.length, -1)
  }

  /** What SCAN takes for the names of all keys that begin so. */
  pattern(beginning: string): string {
    return `${`${this.#before}${beginning}`.replaceAll(/[\\*?[\]]/g, '\\$&')}*}`
  }
}
