// What Node takes for a path, as the text that the functions of this package take; and what it takes for an option.

import { isUtf8 } from 'node:buffer'
import { isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Returns the text of a path; undefined if that is for Node alone: bytes that are not valid text, a name in a working
 * directory that is gone, and whatever is no path at all, so that the error is Node's own.
 */
export function textOf(path: unknown): string | undefined {
  const text = path instanceof URL ? textOfUrl(path) : path instanceof Uint8Array ? textOfBytes(path) : path
  if (typeof text !== 'string' || text === '' || text.includes('\0')) return undefined
  return isAbsolute(text) || hasWorkingDirectory() ? text : undefined
}

function hasWorkingDirectory(): boolean {
  try {
    return process.cwd() !== ''
  } catch {
    return false
  }
}

function textOfUrl(url: URL): string | undefined {
  try {
    return fileURLToPath(url)
  } catch {
    return undefined
  }
}

const textOfBytes = (bytes: Uint8Array): string | undefined =>
  isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString() : undefined

/** Is it an octal string or a number that Node takes for a mode, or nothing? */
export const isMode = (mode: unknown): mode is number | string | undefined =>
  mode === undefined ||
  (typeof mode === 'string' ? /^[0-7]{1,6}$/.test(mode) : Number.isInteger(mode) && isWithin(mode as number, 0o177777))

export const isFlag = (value: unknown): value is boolean | undefined =>
  value === undefined || typeof value === 'boolean'

/**
 * Returns options as Node reads them: those that the object itself has. Undefined if they are for Node, which refuses them.
 */
export function ownOptions(given: unknown): Readonly<Record<string, unknown>> | undefined {
  if (given === undefined) return {}
  return typeof given === 'object' && given !== null && !Array.isArray(given) ? { ...given } : undefined
}

/** Node refuses a flag that is there and undefined. */
export const isOwnFlag = (options: object, name: string): boolean =>
  !(name in options) || typeof Reflect.get(options, name) === 'boolean'

export const isWithin = (value: number, most: number): boolean => value >= 0 && value <= most
