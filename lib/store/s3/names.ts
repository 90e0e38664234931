// The names of objects. A letter or digit of ASCII stays as it is, and each other byte becomes `_` and two digits: no
// two keys have one name, also where an S3 server keeps objects in directories that fold case, and no name leads
// elsewhere.

import { createHash } from 'node:crypto'
import { refusal } from '../../core/input.js'

/** Names end here, because some servers make file names of them. What is longer differs by a sum. */
const longestName = 150
const longestPrefix = 500

/** The longest spelling of a byte is three characters, and none is cut in the middle. */
const cutAt = 90

/** The object that says that the names below a prefix are a store. No key has a dot in its name. */
export const markerName = 'holdfast.json'

export interface ObjectName {
  readonly name: string
  /** Does the name not show the whole key? Then the object says it. */
  readonly isCut: boolean
}

export function nameOf(key: string): ObjectName {
  const whole = spell(key)
  if (whole.length <= longestName) return { name: whole, isCut: false }
  const sum = createHash('sha256').update(key).digest('hex').slice(0, 56)
  return { name: `${cut(whole)}__${sum}`, isCut: true }
}

/** What the names of all keys with this beginning begin with; longer beginnings differ only in the keys. */
export function beginningOf(prefix: string): string {
  const whole = spell(prefix)
  return whole.length <= cutAt ? whole : cut(whole)
}

/** The key that a name shows; undefined if it is cut, or no name of a key. */
export function keyOf(name: string): string | undefined {
  if (!/^(?:[a-z0-9-]|_[0-9a-f]{2})+$/.test(name)) return undefined
  const key = Buffer.from(
    name.replaceAll(/[^_]|_../g, one => (one.length === 1 ? hexOf(one) : one.slice(1))),
    'hex',
  )
  return nameOf(key.toString()).name === name ? key.toString() : undefined
}

export const isCutName = (name: string): boolean => /^(?:[a-z0-9-]|_[0-9a-f]{2})*__[0-9a-f]{56}$/.test(name)

const hexOf = (letter: string): string => letter.charCodeAt(0).toString(16).padStart(2, '0')

const spell = (text: string): string =>
  Buffer.from(text)
    .toString('latin1')
    .replaceAll(/[^a-z0-9-]/g, byte => `_${hexOf(byte)}`)

/** The spelling of as many whole bytes as fit. */
function cut(spelling: string): string {
  const parts = spelling.match(/[^_]|_../g) ?? []
  let kept = ''
  for (const part of parts) {
    if (kept.length + part.length > cutAt) break
    kept += part
  }
  return kept
}

/** Returns the beginning of the names of all objects of a store. */
export function asPrefix(value: unknown): string {
  if (typeof value !== 'string') throw refusal('ERR_INVALID_ARG_TYPE', 'options.prefix', 'of type string', value)
  const parts = value.split('/')
  const leads = parts.some((part, at) => part === '.' || part === '..' || (part === '' && at < parts.length - 1))
  if (leads || !/^[\w./ !'()*~-]*$/.test(value) || value.length > longestPrefix)
    throw refusal('ERR_INVALID_ARG_VALUE', 'options.prefix', "names of ASCII letters, with '/' between them", value)
  return value
}
