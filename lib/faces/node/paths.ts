// What Node takes for a path, as the text that the functions of this package take.

import { isUtf8 } from 'node:buffer'
import { fileURLToPath } from 'node:url'

/**
 * Returns the text of a path; undefined if that is for Node alone: bytes that are not valid text, and whatever is no path
 * at all, so that the error is Node's own.
 */
export function textOf(path: unknown): string | undefined {
  const text = path instanceof URL ? textOfUrl(path) : path instanceof Uint8Array ? textOfBytes(path) : path
  return typeof text === 'string' && text !== '' && !text.includes('\0') ? text : undefined
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

export const isWithin = (value: number, most: number): boolean => value >= 0 && value <= most
