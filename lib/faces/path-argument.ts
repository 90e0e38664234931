// How mkdirp and rimraf take a path, with their errors to the letter.

import { parse, resolve } from 'node:path'

/** Refuses a string with null bytes, in the words of these packages. */
export function refuseNulls(path: string): void {
  if (path.includes('\0'))
    throw Object.assign(new TypeError('path must be a string without null bytes'), {
      path,
      code: 'ERR_INVALID_ARG_VALUE',
    })
}

/** On Windows, refuses what no name can hold there. */
export function refuseIllegal(path: string): void {
  if (process.platform === 'win32' && /[*|"<>?:]/.test(path.slice(parse(path).root.length)))
    throw Object.assign(new Error('Illegal characters in path.'), { path, code: 'EINVAL' })
}

/** Returns the path as it is after `path.resolve`: `a/../b` is `b`, also where `a` is a link. */
export function resolveArgument(path: string): string {
  if (typeof path === 'string') refuseNulls(path)
  const resolved = resolvePath(path)
  refuseIllegal(resolved)
  return resolved
}

const isPosix = process.platform !== 'win32'

/** What `path.resolve` returns. That takes as long as some calls do, and it is usually the path itself. */
export function resolvePath(path: string): string {
  const isPlain =
    isPosix &&
    typeof path === 'string' &&
    path.startsWith('/') &&
    !path.includes('/.') &&
    !path.includes('//') &&
    !path.endsWith('/')
  return isPlain ? path : resolve(path)
}
