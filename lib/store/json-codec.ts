// Values as JSON. JSON drops or changes some values without a word; those are refused, so that what is read is what was
// written.

import { inspect } from 'node:util'

export const jsonCodec = {
  encode(value: unknown): Uint8Array {
    // JSON spells a number as JavaScript does, only later.
    if (typeof value === 'number' && Number.isFinite(value)) return Buffer.from(`${value}`, 'latin1')
    checkPart(value, undefined)
    return Buffer.from(JSON.stringify(value))
  },
  decode(bytes: Uint8Array): unknown {
    const { buffer, byteOffset, byteLength } = bytes
    return JSON.parse((bytes instanceof Buffer ? bytes : Buffer.from(buffer, byteOffset, byteLength)).toString())
  },
}

/** Where a part of a value is: in which other part, and there at which index or name. */
interface Around {
  readonly part: object
  readonly outer: Around | undefined
  at: number | string
}

/** Refuses a part of a value that JSON would lose. */
function checkPart(part: unknown, outer: Around | undefined): void {
  if (typeof part === 'string' || typeof part === 'boolean' || part === null) return
  if (typeof part === 'number' && Number.isFinite(part)) return
  if (typeof part !== 'object') throw lost(outer, part)
  if (isInside(part, outer)) throw lost(outer, part, 'it is inside itself')
  const around: Around = { part, outer, at: 0 }
  if (Array.isArray(part)) {
    // Not `forEach`, which passes over holes: JSON makes nulls of them.
    for (let index = 0; index < part.length; index++) {
      around.at = index
      checkPart(part[index], around)
    }
  } else if (isPlain(part)) {
    for (const [name, value] of Object.entries(part)) {
      around.at = name
      checkPart(value, around)
    }
  } else throw lost(outer, part, 'only its fields would be kept, or a text')
}

const isInside = (part: object, around: Around | undefined): boolean =>
  around !== undefined && (around.part === part || isInside(part, around.outer))

const spell = (around: Around | undefined): string =>
  around ? spell(around.outer) + (typeof around.at === 'number' ? `[${around.at}]` : `.${around.at}`) : 'value'

/** Objects of another realm (a `vm` context) are plain as well: their prototype is the root of a realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  const isRoot = prototype === null || Object.getPrototypeOf(prototype) === null
  return isRoot && typeof (value as { toJSON?: unknown }).toJSON !== 'function' && !hasSymbols(value)
}

const hasSymbols = (value: object): boolean => Object.getOwnPropertySymbols(value).length > 0

function lost(
  around: Around | undefined,
  part: unknown,
  why = `JSON has no ${part === undefined ? 'undefined' : 'such value'}`,
): TypeError {
  const what = inspect(part, { depth: 0, breakLength: Number.POSITIVE_INFINITY })
  const message = `JSON would lose ${spell(around)}, which is ${what}: ${why}. Leave it out, convert it, or pass another codec`
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' })
}
