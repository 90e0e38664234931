// Checks of what callers pass. Bad input is refused before any call is made, with Node's own error codes.

import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { oddName } from './device-names.js'
import { platform } from './platform.js'
import { isRoot } from './roots.js'

/** The three options that every function takes: how long it tries, and what stops it. */
export interface Patience {
  /**
   * Aborts the call between two of its steps: it cleans up, then rejects with an `AbortError` (`ABORT_ERR`). The promise
   * form rejects within 100 ms; what is left to be cleaned up then goes on in the background.
   */
  readonly signal?: AbortSignal | undefined
  /**
   * Milliseconds for the whole call. When they have passed, the call ends as after `signal`, with a `TimeoutError`
   * (`ERR_TIMEOUT`). @default Infinity
   */
  readonly timeout?: number | undefined
  /** Milliseconds for which one step is retried, if it fails in a way that waiting may cure. @default 10_000 */
  readonly retryFor?: number | undefined
}

/** Whether published data survives a power cut: see docs/durability.md, "Atomic is not durable". */
export type Durability = 'none' | 'file' | 'full'

type Code = 'ERR_INVALID_ARG_TYPE' | 'ERR_INVALID_ARG_VALUE' | 'ERR_OUT_OF_RANGE'

export function refusal(code: Code, name: string, expected: string, got: unknown): TypeError | RangeError {
  const kind = name.includes('.') ? 'property' : 'argument'
  const message = `The "${name}" ${kind} must be ${expected}. Received ${inspect(got, { depth: 0 })}`
  return Object.assign(code === 'ERR_OUT_OF_RANGE' ? new RangeError(message) : new TypeError(message), { code })
}

/**
 * Returns an absolute path, so that it stays the same when the process changes its working directory. It is not
 * normalised, because only the system knows where `link/../x` leads.
 */
export function asPath(value: unknown, name: string): string {
  const path = value instanceof URL ? fileURLToPath(value) : value
  if (typeof path !== 'string')
    throw refusal('ERR_INVALID_ARG_TYPE', name, 'of type string or an instance of URL', value)
  if (path === '') throw refusal('ERR_INVALID_ARG_VALUE', name, 'a non-empty path', value)
  if (path.includes('\0')) throw refusal('ERR_INVALID_ARG_VALUE', name, 'a string without null bytes', value)
  if (platform.isWindows) return asWindowsPath(path, name, value)
  return path.startsWith('/') ? path : `${process.cwd()}/${path}`
}

/** With one kind of separator. `C:x` is left so, because each drive has a working directory of its own. */
function asWindowsPath(path: string, name: string, given: unknown): string {
  const spelt = path.replaceAll('/', '\\')
  const expected = oddName(spelt)
  if (expected) throw refusal('ERR_INVALID_ARG_VALUE', name, expected, given)
  return /^(\\|[a-z]:)/i.test(spelt) ? spelt : `${process.cwd()}\\${spelt}`
}

/**
 * Returns an absolute path that ends with a name. A slash after that would follow a symbolic link, so it is cut off.
 */
export function asName(value: unknown, argument: string): string {
  const path = asPath(value, argument)
  const name = basename(path)
  if (name === '' || name === '.' || name === '..' || (platform.isWindows && isRoot(path, true)))
    throw refusal('ERR_INVALID_ARG_VALUE', argument, 'a path that ends with a name, not a root, "." or ".."', value)
  return path.slice(0, path.lastIndexOf(name) + name.length)
}

/** Returns the path, unless it is a root of Windows: there one may end with what looks like a name. */
export function refusingRoot(path: string, given: unknown, argument: string): string {
  if (platform.isWindows && isRoot(path, true))
    throw refusal('ERR_INVALID_ARG_VALUE', argument, 'a path that is not a root', given)
  return path
}

/** Returns the bytes of a string or a view. A view is not copied, so the caller must not change it during the call. */
export function asBytes(value: unknown, name: string): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value)
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  throw refusal('ERR_INVALID_ARG_TYPE', name, 'of type string or an instance of Buffer, TypedArray, or DataView', value)
}

/**
 * Returns permission bits, given as a number or an octal string such as `'755'`. A `mode` of `stat` holds the type of the
 * file as well, which is left out.
 */
export function asMode(value: unknown, otherwise: number): number {
  if (value === undefined) return otherwise
  const mode = typeof value === 'string' && /^[0-7]+$/.test(value) ? Number.parseInt(value, 8) : value
  if (typeof mode === 'string') throw refusal('ERR_INVALID_ARG_VALUE', 'options.mode', 'an octal string', value)
  if (typeof mode !== 'number')
    throw refusal('ERR_INVALID_ARG_TYPE', 'options.mode', 'a number or an octal string', value)
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o177777)
    throw refusal('ERR_OUT_OF_RANGE', 'options.mode', 'an integer from 0 to 0o177777', value)
  return mode & 0o7777
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

/** Returns a number of at least `min`, which may be `Infinity`. */
export function asNumber(value: unknown, name: string, otherwise: number, min = 0): number {
  if (value === undefined) return otherwise
  if (typeof value !== 'number') throw refusal('ERR_INVALID_ARG_TYPE', name, 'of type number', value)
  if (!(value >= min)) throw refusal('ERR_OUT_OF_RANGE', name, `a number >= ${min}`, value)
  return value
}

export function asFunction<F>(value: F | undefined, name: string): F | undefined {
  if (value === undefined || typeof value === 'function') return value
  throw refusal('ERR_INVALID_ARG_TYPE', name, 'of type function', value)
}

/** Returns how many things a long call does at a time: a whole number of at least 1. */
export function asConcurrency(value: unknown): number {
  return Math.floor(Math.min(asNumber(value, 'options.concurrency', 64, 1), 10_000))
}

/** Refuses options that are not an object, and bad values of the three options that every function takes. */
export function checkPatience(options: unknown): asserts options is Patience {
  if (typeof options !== 'object' || options === null)
    throw refusal('ERR_INVALID_ARG_TYPE', 'options', 'of type object', options)
  const { signal, timeout, retryFor } = options as Patience
  if (signal !== undefined && !isSignal(signal))
    throw refusal('ERR_INVALID_ARG_TYPE', 'options.signal', 'an instance of AbortSignal', signal)
  asNumber(timeout, 'options.timeout', Number.POSITIVE_INFINITY)
  asNumber(retryFor, 'options.retryFor', 10_000)
}

/** A signal of another realm (jsdom, a `vm` context) is no instance of this realm's class, and reports an abort as well. */
function isSignal(value: unknown): value is AbortSignal {
  if (value instanceof AbortSignal) return true
  const { aborted, addEventListener, removeEventListener } = (value ?? {}) as Partial<AbortSignal>
  return (
    typeof aborted === 'boolean' && typeof addEventListener === 'function' && typeof removeEventListener === 'function'
  )
}
