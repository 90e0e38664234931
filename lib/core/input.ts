// What a caller may hand in. Everything is refused here, before any call is made, with Node's own error codes.

import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'

/** The three options that every function takes: how long it tries, and who may stop it. */
export interface Patience {
  /** Stops the call between two of its steps: it rejects with an `AbortError` (`ABORT_ERR`), tidied up. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds for the whole call; then it rejects with a `TimeoutError` (`ERR_TIMEOUT`). @default Infinity */
  readonly timeout?: number | undefined
  /** Milliseconds that one step goes on retrying what waiting may cure. @default 10_000 */
  readonly retryFor?: number | undefined
}

/** When data that was published outlives a power cut: see the README, "Atomic is not durable". */
export type Durability = 'none' | 'file' | 'full'

type Code = 'ERR_INVALID_ARG_TYPE' | 'ERR_INVALID_ARG_VALUE' | 'ERR_OUT_OF_RANGE'

export function refusal(code: Code, name: string, expected: string, got: unknown): TypeError | RangeError {
  const kind = name.includes('.') ? 'property' : 'argument'
  const message = `The "${name}" ${kind} must be ${expected}. Received ${inspect(got, { depth: 0 })}`
  return Object.assign(code === 'ERR_OUT_OF_RANGE' ? new RangeError(message) : new TypeError(message), { code })
}

/**
 * The path as a string that stays the same when the process changes its directory meanwhile. It is not normalised:
 * `link/../x` is what the system says it is, not what it looks like.
 */
export function asPath(value: unknown, name: string): string {
  const path = value instanceof URL ? fileURLToPath(value) : value
  if (typeof path !== 'string')
    throw refusal('ERR_INVALID_ARG_TYPE', name, 'of type string or an instance of URL', value)
  if (path === '') throw refusal('ERR_INVALID_ARG_VALUE', name, 'a non-empty path', value)
  if (path.includes('\0')) throw refusal('ERR_INVALID_ARG_VALUE', name, 'a string without null bytes', value)
  return isRooted(path) ? path : `${process.cwd()}/${path}`
}

/** On Windows also `C:x`, which belongs to that drive's own current directory. */
const isRooted = (path: string): boolean =>
  path.startsWith('/') || (process.platform === 'win32' && /^(\\|[a-z]:)/i.test(path))

/** The path of a name itself, without a slash at its end, which would lead through a link. */
export function asName(value: unknown, argument: string): string {
  const path = asPath(value, argument)
  const name = basename(path)
  if (name === '' || name === '.' || name === '..')
    throw refusal('ERR_INVALID_ARG_VALUE', argument, 'the path of a name in a directory, not of a root', value)
  return path.slice(0, path.lastIndexOf(name) + name.length)
}

/** All bytes of a string or a view. A view is not copied: it is the caller's until the call has ended. */
export function asBytes(value: unknown, name: string): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value)
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  throw refusal('ERR_INVALID_ARG_TYPE', name, 'of type string or an instance of Buffer, TypedArray, or DataView', value)
}

/** Permission bits: a number, or an octal string as in `'755'`. */
export function asMode(value: unknown, otherwise: number): number {
  if (value === undefined) return otherwise
  const mode = typeof value === 'string' && /^[0-7]+$/.test(value) ? Number.parseInt(value, 8) : value
  if (typeof mode === 'string') throw refusal('ERR_INVALID_ARG_VALUE', 'options.mode', 'an octal string', value)
  if (typeof mode !== 'number')
    throw refusal('ERR_INVALID_ARG_TYPE', 'options.mode', 'a number or an octal string', value)
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o7777)
    throw refusal('ERR_OUT_OF_RANGE', 'options.mode', 'an integer from 0 to 0o7777', value)
  return mode
}

export function asDurability(value: unknown): Durability {
  return oneOf(value, 'options.durability', ['none', 'file', 'full'], 'file')
}

export function oneOf<T extends string>(value: unknown, name: string, allowed: readonly T[], otherwise: T): T {
  if (value === undefined) return otherwise
  if (allowed.includes(value as T)) return value as T
  throw refusal('ERR_INVALID_ARG_VALUE', name, `one of ${allowed.map(one => `'${one}'`).join(', ')}`, value)
}

export function asFlag(value: unknown, name: string): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false
  throw refusal('ERR_INVALID_ARG_TYPE', name, 'of type boolean', value)
}

/** A number from `least` on; `Infinity` is one. */
export function asNumber(value: unknown, name: string, otherwise: number, least = 0): number {
  if (value === undefined) return otherwise
  if (typeof value !== 'number') throw refusal('ERR_INVALID_ARG_TYPE', name, 'of type number', value)
  if (!(value >= least)) throw refusal('ERR_OUT_OF_RANGE', name, `a number from ${least} on`, value)
  return value
}

/** How far a long work has come. */
export interface Progress {
  /** Files, links and directories that are done with. */
  readonly done: number
  /** Those known so far: it grows while directories are read. */
  readonly total: number
  /** Bytes of the files that were copied; 0 where nothing is copied. */
  readonly bytes: number
}

export function asFunction<F>(value: F | undefined, name: string): F | undefined {
  if (value === undefined || typeof value === 'function') return value
  throw refusal('ERR_INVALID_ARG_TYPE', name, 'of type function', value)
}

/** How many things a long work does at a time: a whole number from 1 on. */
export function asConcurrency(value: unknown): number {
  return Math.floor(Math.min(asNumber(value, 'options.concurrency', 64, 1), 10_000))
}

/** Refuses options that are no object, and the three that every function takes when they are not what they should be. */
export function checkPatience(options: unknown): asserts options is Patience {
  if (typeof options !== 'object' || options === null)
    throw refusal('ERR_INVALID_ARG_TYPE', 'options', 'of type object', options)
  const { signal, timeout, retryFor } = options as Patience
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw refusal('ERR_INVALID_ARG_TYPE', 'options.signal', 'an instance of AbortSignal', signal)
  asNumber(timeout, 'options.timeout', Number.POSITIVE_INFINITY)
  asNumber(retryFor, 'options.retryFor', 10_000)
}
