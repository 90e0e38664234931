// Values as JSON. JSON drops or changes some values without a word; those are refused, so that what is read is what was
// written.

import { inspect } from 'node:util'

export const jsonCodec = {
  encode(value: unknown): Uint8Array {
    checkPart(value, 'value', [])
    return Buffer.from(JSON.stringify(value))
  },
  decode(bytes: Uint8Array): unknown {
    const { buffer, byteOffset, byteLength } = bytes
    return JSON.parse((bytes instanceof Buffer ? bytes : Buffer.from(buffer, byteOffset, byteLength)).toString())
  },
}

/** Refuses a part of a value that JSON would lose. `at` says where it is, `around` what it is in. */
function checkPart(part: unknown, at: string, around: readonly object[]): void {
  if (typeof part === 'string' || typeof part === 'boolean' || part === null) return
  if (typeof part === 'number' && Number.isFinite(part)) return
  if (typeof part !== 'object') throw lost(at, part)
  if (around.includes(part)) throw lost(at, part, 'it is inside itself')
  const deeper = [...around, part]
  if (Array.isArray(part)) {
    // Not `forEach`, which passes over holes: JSON makes nulls of them.
    for (let index = 0; index < part.length; index++) checkPart(part[index], `${at}[${index}]`, deeper)
  } else if (isPlain(part)) {
    for (const [name, value] of Object.entries(part)) checkPart(value, `${at}.${name}`, deeper)
  } else throw lost(at, part, 'only its fields would be kept, or a text')
}

/** Objects of another realm (a `vm` context) are plain as well: their prototype is the root of a realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  const isRoot = prototype === null || Object.getPrototypeOf(prototype) === null
  return isRoot && typeof (value as { toJSON?: unknown }).toJSON !== 'function' && !hasSymbols(value)
}

const hasSymbols = (value: object): boolean => Object.getOwnPropertySymbols(value).length > 0

function lost(
  at: string,
  part: unknown,
  why = `JSON has no ${part === undefined ? 'undefined' : 'such value'}`,
): TypeError {
  const what = inspect(part, { depth: 0, breakLength: Number.POSITIVE_INFINITY })
  const message = `JSON would lose ${at}, which is ${what}: ${why}. Leave it out, convert it, or pass another codec`
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' })
}
