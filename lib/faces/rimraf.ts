// `holdfast/rimraf`: the surface of rimraf 6 over `remove`.
//
// | rimraf | here |
// |---|---|
// | `rimraf`, `sync`, and each strategy with its sync form; a path or several | to the letter; all strategies are one thing, but for how often they ask `filter` |
// | returns true, and false only if `filter` kept something | to the letter |
// | `filter`, also async: asked of a directory after all in it is gone; false keeps the thing and all above it; of a file that stays, `windows` asks twice, and on Windows `rimraf` and `manual`, too | to the letter; it gets `Stats` each time |
// | `signal`: the call fails with its reason | to the letter |
// | errors of paths and options, of roots; of `moveRemove`, where the path is `tmp` | to the letter |
// | `glob` | patterns of files, with `cwd`, `dot`, `ignore`, `nocase`; refused: other options of glob, extended patterns as `+(a)` |
// | processes that write in the directory meanwhile | stronger: no ENOTEMPTY; the name is free at once, and the whole of it (without `filter`) |
// | what is mounted inside; links that take the place of directories | stronger: not touched, and not followed |
// | `maxRetries`, `retryDelay`, `backoff`, `maxBackoff`, `tmp` | taken, and without effect: `remove` retries what waiting can cure, for 10 s |
// | `preserveRoot: false` | refused: a root is never removed |

import { resolve } from 'node:path'
import { isInterruption } from '../core/interruption.js'
import { remove } from '../remove.js'
import { glob } from './glob.js'
import {
  asPath,
  assertRimrafOptions,
  type Paths,
  type RimrafAsyncOptions,
  type RimrafOptions,
  type RimrafSyncOptions,
} from './rimraf-arguments.js'
import { askLater, askNow, type Kept, ofFiles, optionsOf } from './rimraf-filter.js'

export {
  assertRimrafOptions,
  isRimrafOptions,
  type RimrafAsyncOptions,
  type RimrafOptions,
  type RimrafSyncOptions,
} from './rimraf-arguments.js'

function pathsOf(path: Paths, { glob: asked, signal }: RimrafOptions): string[] {
  if (!asked) return Array.isArray(path) ? path : [path]
  signal?.throwIfAborted()
  return glob(path, asked === true ? {} : asked)
}

/** A call that is stopped fails with the reason itself. */
const asReason = (error: unknown, { signal }: RimrafOptions): unknown =>
  signal?.aborted && isInterruption(error) ? signal.reason : error

/** Usually it is one path, and there are no options. */
const isPlain = (path: Paths, opt: RimrafOptions | undefined): path is string =>
  opt === undefined && typeof path === 'string'

/** How often `filter` is asked about a file that it keeps. */
type Asks = 'once' | 'twice'

async function removeAll(asks: Asks, path: Paths, opt?: RimrafAsyncOptions): Promise<boolean> {
  if (!isPlain(path, opt)) return removeAsked(asks, path, opt)
  await remove(asPath(path))
  return true
}

async function removeAsked(asks: Asks, path: Paths, opt: RimrafAsyncOptions = {}): Promise<boolean> {
  assertRimrafOptions(opt)
  const kept: Kept = { any: false }
  const removing = pathsOf(path, opt).map(one => removeOne(asks, one, opt, kept))
  await Promise.all(removing)
  return !kept.any
}

async function removeOne(asks: Asks, path: string, opt: RimrafAsyncOptions, kept: Kept): Promise<void> {
  const at = asPath(path)
  try {
    if (opt.filter && asks === 'twice') await remove(at, ofFiles(opt, at, askLater))
    await (opt.signal || opt.filter ? remove(at, optionsOf(opt, kept, askLater)) : remove(at))
  } catch (error) {
    throw asReason(error, opt)
  }
}

function removeAllSync(asks: Asks, path: Paths, opt?: RimrafSyncOptions): boolean {
  if (!isPlain(path, opt)) return removeAskedSync(asks, path, opt)
  remove.sync(asPath(path))
  return true
}

function removeAskedSync(asks: Asks, path: Paths, opt: RimrafSyncOptions = {}): boolean {
  assertRimrafOptions(opt)
  const kept: Kept = { any: false }
  for (const one of pathsOf(path, opt)) {
    const at = asPath(one)
    try {
      if (opt.filter && asks === 'twice') remove.sync(at, ofFiles(opt, at, askNow))
      opt.signal || opt.filter ? remove.sync(at, optionsOf(opt, kept, askNow)) : remove.sync(at)
    } catch (error) {
      throw asReason(error, opt)
    }
  }
  return !kept.any
}

const strategy = (asks: Asks) =>
  Object.assign((path: Paths, opt?: RimrafAsyncOptions) => removeAll(asks, path, opt), {
    sync: (path: Paths, opt?: RimrafSyncOptions) => removeAllSync(asks, path, opt),
  })

const asksHere: Asks = process.platform === 'win32' ? 'twice' : 'once'

export const native = strategy('once')
export const manual = strategy(asksHere)
export const posix = strategy('once')
export const windows = strategy('twice')
export const moveRemove = Object.assign(
  async (path: Paths, opt?: RimrafAsyncOptions) => posix(notTmp(path, opt), opt),
  { sync: (path: Paths, opt?: RimrafSyncOptions) => posix.sync(notTmp(path, opt), opt) },
)

/** Nothing is moved to `tmp`, but a caller that names it wants to keep it. */
function notTmp(path: Paths, opt?: RimrafOptions): Paths {
  if ([path].flat().some(one => typeof one === 'string' && resolve(one) === opt?.tmp))
    throw new Error('cannot delete temp directory used for deletion')
  return path
}

export const [nativeSync, manualSync, posixSync] = [native.sync, manual.sync, posix.sync]
export const [windowsSync, moveRemoveSync] = [windows.sync, moveRemove.sync]

const plain = strategy(asksHere)
const rimrafSync = plain.sync

export const rimraf = Object.assign(plain, {
  ...{ rimraf: plain, rimrafSync },
  ...{ native, manual, posix, windows, moveRemove },
  ...{ nativeSync, manualSync, posixSync, windowsSync, moveRemoveSync },
})

export { rimrafSync, rimrafSync as sync }
