// How a path below the root is spelt. The functions get absolute paths, the root's own before them; users give and see
// relative ones.

import { isAbsolute, win32 } from 'node:path'
import { isDeviceName } from '../core/device-names.js'
import { systemError } from '../core/errors.js'
import { refusal } from '../core/input.js'
import { platform } from '../core/platform.js'
import type { Path } from '../core/steps.js'
import { outsideRoot } from './refusals.js'

/** What a caller passes: the names on the way. None of them is `..`, and no link is followed yet. */
export function asParts(path: unknown, argument: string): string[] {
  if (typeof path !== 'string') throw refusal('ERR_INVALID_ARG_TYPE', argument, 'of type string', path)
  if (path === '') throw refusal('ERR_INVALID_ARG_VALUE', argument, 'a non-empty path', path)
  if (path.includes('\0')) throw refusal('ERR_INVALID_ARG_VALUE', argument, 'a string without null bytes', path)
  if (isAbsolute(path)) throw outsideRoot(path, 'it is absolute')
  const parts = namesIn(path)
  if (parts.includes('..') || parts.some(isTakenForDots)) throw outsideRoot(path, 'it has .. in it')
  if (platform.isWindows && parts.some(isDeviceName)) throw outsideRoot(path, 'it names a device or a stream')
  return parts
}

export const namesIn = (path: string): string[] =>
  path.split(platform.isWindows ? /[\\/]/ : '/').filter(name => name !== '' && name !== '.')

/** Some filesystems on which case does not count ignore more letters, and may take dots and those for `.` or `..`. */
export const isTakenForDots = (name: string): boolean => /^(?!\.{1,2}$)\p{DI}*\.\p{DI}*(\.\p{DI}*)?$/u.test(name)

/** `top` is the root's real path. */
export const joined = (top: string, names: readonly string[]): string =>
  names.length === 0 ? top : `${top.endsWith('/') ? top : `${top}/`}${names.join('/')}`

/** The names of a path below the root, not resolved; undefined if it does not begin with the root's path. */
export function namesBelow(top: string, path: string): string[] | undefined {
  if (path === top) return []
  const prefix = prefixesOf(top).find(one => path.startsWith(one))
  return prefix === undefined ? undefined : namesIn(path.slice(prefix.length))
}

/** As the system spells it: real paths are compared name by name. */
export const asReal = (path: Path): string => (platform.isWindows ? win32.normalize(String(path)) : String(path))

/** What a path below the root begins with: Windows has two separators. */
export const prefixesOf = (top: string): readonly string[] =>
  separators().some(one => top.endsWith(one)) ? [top] : separators().map(one => `${top}${one}`)

const separators = (): readonly string[] => (platform.isWindows ? [win32.sep, '/'] : ['/'])

/** A path as users see it. */
export function relativeTo(top: string, path: string): string {
  if (path === top) return '.'
  const prefix = prefixesOf(top).find(one => path.startsWith(one))
  return prefix === undefined ? path : path.slice(prefix.length)
}

/**
 * The directory of a path, and the name in it: `.` if the path ends with a slash, `.` or `..`, and so is about the
 * directory itself. `namesOf` returns the names of a path below `top`.
 */
export function splitLast(path: Path, namesOf: (path: string) => string[], top: string): [dir: string, leaf: Path] {
  const text = textOf(path)
  if (text === undefined) {
    const bytes = path as Buffer
    const at = bytes.lastIndexOf('/')
    const dir = textOf(bytes.subarray(0, at))
    if (dir === undefined) throw systemError('EILSEQ', 'open', 'the name of its directory is not UTF-8', path)
    return [joined(top, namesOf(dir)), bytes.subarray(at + 1)]
  }
  const names = namesOf(text)
  const leaf = names.at(-1)
  if (leaf === undefined || leaf === '..' || /[\\/]\.?$/.test(text)) return [joined(top, names), '.']
  return [joined(top, names.slice(0, -1)), leaf]
}

export const childOf = (dir: string, leaf: Path): Path =>
  typeof leaf === 'string' ? joined(dir, [leaf]) : Buffer.concat([Buffer.from(`${dir}/`), leaf])

/** The text of a path; undefined if its bytes are not valid text. */
export function textOf(path: Path): string | undefined {
  if (typeof path === 'string') return path
  const text = path.toString()
  return Buffer.from(text).equals(path) ? text : undefined
}
