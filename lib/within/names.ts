// Errors say paths as users know them: from the root on. Where the root is, is often no business of those who read them.

import { hasCode, isSystemError } from '../core/errors.js'
import type { Op, Path, Steps } from '../core/steps.js'
import { changeNames } from '../parts/public-names.js'
import { prefixesOf, relativeTo } from './paths.js'

/** `top` is the root's path. Returns the error itself. */
export function namingRelatively(error: unknown, top: string): unknown {
  // The root of the filesystem begins every absolute path, and nothing shows which ones are meant.
  const isNoRoot = !prefixesOf(top).includes(top)
  const inText = (text: string): string => (isNoRoot ? withoutTop(withoutTop(text, inQuotes(top)), top) : text)
  return changeNames(error, path => relativeTo(top, path), inText)
}

/** As Node shows what it received. */
const inQuotes = (path: string): string => path.replaceAll('\\', '\\\\')

function withoutTop(text: string, top: string): string {
  const prefixes = prefixesOf(top).flatMap(prefix => [inQuotes(prefix.slice(top.length)), prefix.slice(top.length)])
  let said = text.replaceAll(`'${top}'`, () => "'.'")
  for (const separator of prefixes) said = said.replaceAll(`${top}${separator}`, () => '')
  return said
}

const syscalls: { readonly [O in Op]?: string } = {
  list: 'scandir',
  readdir: 'scandir',
  readFile: 'open',
  clone: 'copyfile',
}

/**
 * Runs steps that find the way to what a call is about. An error on that way is one of the call, as it is where the system
 * finds the way.
 */
export function* onTheWayOf<T>(op: Op, [path, dest]: readonly Path[], steps: Steps<T>): Steps<T> {
  try {
    return yield* steps
  } catch (error) {
    if (!isSystemError(error) || path === undefined || !hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES')) throw error
    const [syscall, was] = [syscalls[op] ?? op, `${error.syscall} '${error.path}'`]
    const names = dest === undefined ? `'${path}'` : `'${path}' -> '${dest}'`
    changeNames(
      error,
      () => String(path),
      text => text.replace(was, () => `${syscall} ${names}`),
    )
    throw Object.assign(error, { syscall }, dest !== undefined && { dest: String(dest) })
  }
}
