// `holdfast/rimraf`: the surface of rimraf 6 over `remove`.
//
// | rimraf | here |
// |---|---|
// | `rimraf`, `sync`, and each strategy with its sync form; a path or several | to the letter; all strategies are one thing |
// | returns true, and false only if `filter` kept something | to the letter |
// | `filter`, also async: asked of a directory after all in it is gone; false keeps the thing and all above it | to the letter; it gets `Stats` each time |
// | `signal`: the call fails with its reason | to the letter |
// | errors of paths and options, of roots; of `moveRemove`, where the path is `tmp` | to the letter |
// | `glob` | patterns of files, with `cwd`, `dot`, `ignore`, `nocase`; refused: other options of glob, extended patterns as `+(a)` |
// | processes that write in the directory meanwhile | stronger: no ENOTEMPTY; the name is free at once, and the whole of it (without `filter`) |
// | what is mounted inside; links that take the place of directories | stronger: not touched, and not followed |
// | `maxRetries`, `retryDelay`, `backoff`, `maxBackoff`, `tmp` | taken, and without effect: `remove` retries what waiting can cure, for 10 s |
// | `preserveRoot: false` | refused: a root is never removed |

import type { Stats } from 'node:fs'
import { resolve } from 'node:path'
import { isInterruption } from '../core/interruption.js'
import { type RemoveOptions, remove } from '../remove.js'
import { glob } from './glob.js'
import { nodeFs } from './node-fs.js'
import {
  asPath,
  assertRimrafOptions,
  type Paths,
  type RimrafAsyncOptions,
  type RimrafOptions,
  type RimrafSyncOptions,
} from './rimraf-arguments.js'

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

/** What one call has kept. */
interface Kept {
  any: boolean
}

function optionsOf({ signal, filter }: RimrafOptions, kept: Kept, ask: typeof askLater | typeof askNow) {
  const options: { -readonly [N in keyof RemoveOptions]: RemoveOptions[N] } = {}
  if (signal) options.signal = signal
  if (filter) options.filter = path => ask(filter as Filter, path, kept)
  return options
}

type Filter = (path: string, ent: Stats) => unknown

async function askLater(filter: Filter, path: string, kept: Kept): Promise<boolean> {
  const stats = await nodeFs.promises.lstat(path).catch(whenGone)
  return note(!stats || (await filter(path, stats)), kept)
}

function askNow(filter: Filter, path: string, kept: Kept): boolean {
  const stats = nodeFs.lstatSync(path, { throwIfNoEntry: false })
  // A promise counts as true, as in rimraf.
  return note(!stats || filter(path, stats), kept)
}

function note(goes: unknown, kept: Kept): boolean {
  if (!goes) kept.any = true
  return Boolean(goes)
}

function whenGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

/** A call that is stopped fails with the reason itself. */
const asReason = (error: unknown, { signal }: RimrafOptions): unknown =>
  signal?.aborted && isInterruption(error) ? signal.reason : error

/** Usually it is one path, and there are no options. */
const isPlain = (path: Paths, opt: RimrafOptions | undefined): path is string =>
  opt === undefined && typeof path === 'string'

async function removeAll(path: Paths, opt?: RimrafAsyncOptions): Promise<boolean> {
  if (!isPlain(path, opt)) return removeAsked(path, opt)
  await remove(asPath(path))
  return true
}

async function removeAsked(path: Paths, opt: RimrafAsyncOptions = {}): Promise<boolean> {
  assertRimrafOptions(opt)
  const kept: Kept = { any: false }
  const removing = pathsOf(path, opt).map(one => removeOne(one, opt, kept))
  await Promise.all(removing)
  return !kept.any
}

async function removeOne(path: string, opt: RimrafAsyncOptions, kept: Kept): Promise<void> {
  const at = asPath(path)
  try {
    await (opt.signal || opt.filter ? remove(at, optionsOf(opt, kept, askLater)) : remove(at))
  } catch (error) {
    throw asReason(error, opt)
  }
}

export function rimrafSync(path: Paths, opt?: RimrafSyncOptions): boolean {
  if (!isPlain(path, opt)) return removeAskedSync(path, opt)
  remove.sync(asPath(path))
  return true
}

function removeAskedSync(path: Paths, opt: RimrafSyncOptions = {}): boolean {
  assertRimrafOptions(opt)
  const kept: Kept = { any: false }
  for (const one of pathsOf(path, opt)) {
    const at = asPath(one)
    try {
      opt.signal || opt.filter ? remove.sync(at, optionsOf(opt, kept, askNow)) : remove.sync(at)
    } catch (error) {
      throw asReason(error, opt)
    }
  }
  return !kept.any
}

const strategy = () =>
  Object.assign((path: Paths, opt?: RimrafAsyncOptions) => removeAll(path, opt), { sync: rimrafSync })

export const native = strategy()
export const manual = strategy()
export const posix = strategy()
export const windows = strategy()
export const moveRemove = Object.assign(
  async (path: Paths, opt?: RimrafAsyncOptions) => removeAll(notTmp(path, opt), opt),
  { sync: moveRemoveSync },
)

export function moveRemoveSync(path: Paths, opt?: RimrafSyncOptions): boolean {
  return rimrafSync(notTmp(path, opt), opt)
}

/** Nothing is moved to `tmp`, but a caller that names it wants to keep it. */
function notTmp(path: Paths, opt?: RimrafOptions): Paths {
  if ([path].flat().some(one => typeof one === 'string' && resolve(one) === opt?.tmp))
    throw new Error('cannot delete temp directory used for deletion')
  return path
}

const strategies = { native, manual, posix, windows, moveRemove }
const syncStrategies = {
  nativeSync: rimrafSync,
  manualSync: rimrafSync,
  posixSync: rimrafSync,
  windowsSync: rimrafSync,
  moveRemoveSync,
}

export const rimraf = Object.assign(removeAll, {
  rimraf: removeAll,
  sync: rimrafSync,
  rimrafSync,
  ...strategies,
  ...syncStrategies,
})

export {
  rimrafSync as manualSync,
  rimrafSync as nativeSync,
  rimrafSync as posixSync,
  rimrafSync as sync,
  rimrafSync as windowsSync,
}
