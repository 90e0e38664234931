// `holdfast/make-dir`: the surface of make-dir 5 over `mkdirp`.
//
// | make-dir | here |
// |---|---|
// | `makeDirectory`, `makeDirectorySync`, `mode`, URLs | to the letter |
// | returns the absolute path, always | to the letter |
// | EEXIST of a file; characters that Windows forbids; a root that is missing on Windows | the same codes and messages |
// | another process removes directories meanwhile | stronger: the directory is made all the same |
// | `fs` | stronger: `makeDirectory` makes the directory there, too (make-dir uses Node's own in its promise form) |

import type * as nodeTypes from 'node:fs'
import { parse, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import type { Door } from '../core/door.js'
import { drive, driveSync } from '../core/drive.js'
import { mkdirp } from '../mkdirp.js'
import { doorTo } from './given-fs.js'
import { nodeFs } from './node-fs.js'
import { resolvePath } from './path-argument.js'

export type Options = {
  /** Permission bits of the directories that are made, minus the umask. @default 0o777 */
  readonly mode?: number
  /** The filesystem that has the directory. @default Node's */
  readonly fs?: typeof nodeTypes
}

export async function makeDirectory(path: string | URL, options: Options = {}): Promise<string> {
  const at = asPath(path)
  const { fs = nodeFs, mode } = options
  try {
    if (fs.mkdir === nodeFs.mkdir) await (mode === undefined ? mkdirp(at) : mkdirp(at, { mode }))
    else await drive(mkdirp.steps(at, { mode }), { door: doorOf(fs) })
  } catch (error) {
    throw asRefusal(error, at)
  }
  return at
}

export function makeDirectorySync(path: string | URL, options: Options = {}): string {
  const at = asPath(path)
  const { fs = nodeFs, mode } = options
  try {
    if (fs.mkdirSync === nodeFs.mkdirSync) mode === undefined ? mkdirp.sync(at) : mkdirp.sync(at, { mode })
    else driveSync(mkdirp.steps(at, { mode }), { door: doorOf(fs) })
  } catch (error) {
    throw asRefusal(error, at)
  }
  return at
}

function asPath(input: string | URL): string {
  const path = input instanceof URL ? fileURLToPath(input) : input
  if (process.platform === 'win32' && /[<>:"|?*]/.test(path.replace(parse(path).root, '')))
    throw Object.assign(new Error(`Path contains invalid characters: ${path}`), { code: 'EINVAL' })
  if (typeof path === 'string' && path.includes('\0')) {
    const expected = 'must be a string, Uint8Array, or URL without null bytes'
    const message = `The argument 'path' ${expected}. Received ${inspect(resolve(path))}`
    throw Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_VALUE' })
  }
  return resolvePath(path)
}

/** On Windows, a root that is missing is "not permitted", as Node reports it. */
function asRefusal(error: unknown, path: string): unknown {
  const { code } = (error ?? {}) as NodeJS.ErrnoException
  const { root } = parse(path)
  if (process.platform !== 'win32' || code !== 'ENOENT' || nodeFs.existsSync(root)) return error
  const fields = { code: 'EPERM', errno: -4048, path: root, syscall: 'mkdir' }
  return Object.assign(new Error(`operation not permitted, mkdir '${root}'`), fields)
}

const doorOf = (fs: typeof nodeTypes): Door =>
  doorTo({
    mkdir: (path, mode, done) => fs.mkdir(path, mode, done),
    stat: (path, done) => fs.stat(path, done),
    mkdirSync: (path, mode) => fs.mkdirSync(path, mode),
    statSync: path => fs.statSync(path),
  })
