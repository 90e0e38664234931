// `holdfast/mkdirp`: the surface of mkdirp 3 (and the call of mkdirp 1, where the module is the function) over `mkdirp`.
//
// | mkdirp | here |
// |---|---|
// | `(path, options)`, a mode alone, `.sync`, named exports | to the letter; null and false are no options |
// | returns the first directory that was made, or undefined | to the letter; of several callers one gets it, so it is true |
// | null bytes, characters that Windows forbids, a function as options | the same errors |
// | EEXIST, ENOTDIR where a file is in the way | the same codes; `path` is the directory that was asked for, and the message adds what is in its way |
// | `native` and `manual` | stronger: both are `mkdirp`, which no process that removes directories meanwhile makes fail |
// | `fs`, `mkdir`, `stat`, `mkdirSync`, `statSync`, `mkdirAsync`, `statAsync` | these functions are called, and no others |
// | the command line | refused: it is not part of the module |

import type { MakeDirectoryOptions, Stats } from 'node:fs'
import type { Door } from '../core/door.js'
import { drive, driveSync } from '../core/drive.js'
import { mkdirp as ours } from '../mkdirp.js'
import { doorTo } from './given-fs.js'
import { nodeFs } from './node-fs.js'
import { resolveArgument, resolvePath } from './path-argument.js'

type MkdirOptions = MakeDirectoryOptions & { recursive?: boolean }

export interface FsProvider {
  stat?: ((path: string, callback: (err: NodeJS.ErrnoException | null, stats: Stats) => unknown) => unknown) | undefined
  mkdir?: ((path: string, opts: MkdirOptions, callback: MkdirCallback) => unknown) | undefined
  statSync?: ((path: string) => Stats) | undefined
  mkdirSync?: ((path: string, opts: MkdirOptions) => string | undefined) | undefined
}

type MkdirCallback = (err: NodeJS.ErrnoException | null, made?: string) => unknown

interface Options extends FsProvider {
  mode?: number | string | undefined
  fs?: FsProvider | undefined
  mkdirAsync?: ((path: string, opts: MkdirOptions) => Promise<string | undefined>) | undefined
  statAsync?: ((path: string) => Promise<Stats>) | undefined
}

export type MkdirpOptions = Options | number | string

type Made = string | undefined
// biome-ignore lint/suspicious/noConfusingVoidType: as mkdirp declares it
type Before = string | undefined | void

export function mkdirpSync(path: string, opts?: MkdirpOptions): Made {
  const at = resolveArgument(path)
  if (!opts) return ours.sync(at)
  const { mode, provided } = asOptions(opts)
  if (!isNodes(provided, 'mkdirSync') || !isNodes(provided, 'statSync'))
    return driveSync(ours.steps(at, { mode }), { door: doorOf(provided) })
  return ours.sync(at, { mode })
}

// A promise around that of the function would take longer than to look whether the directory is there.
function makeDirectory(path: string, opts?: MkdirpOptions): Promise<Made> {
  try {
    const at = resolveArgument(path)
    if (!opts) return ours(at)
    const { mode, provided } = asOptions(opts)
    const { mkdirAsync, statAsync } = provided
    if (mkdirAsync || statAsync || !isNodes(provided, 'mkdir') || !isNodes(provided, 'stat'))
      return drive(ours.steps(at, { mode }), { door: doorOf(provided) })
    return ours(at, { mode })
  } catch (error) {
    return Promise.reject(error)
  }
}

/** `made`: a directory that was made on the way, and is returned if more had to be made. */
export const mkdirpManualSync = (path: string, options?: MkdirpOptions, made?: Before): Made => {
  const topmost = mkdirpSync(path, options)
  return topmost === undefined ? undefined : made || topmost
}

export const mkdirpManual = Object.assign(
  async (path: string, options?: MkdirpOptions, made?: Before): Promise<Made> => {
    const topmost = await makeDirectory(path, options)
    if (topmost === undefined) return made || undefined
    // With more than the last level, the first of those counts.
    return topmost === resolvePath(path) ? made || topmost : topmost
  },
  { sync: mkdirpManualSync },
)

export const mkdirpNativeSync = (path: string, options?: MkdirpOptions): Made => mkdirpSync(path, options)

export const mkdirpNative = Object.assign(
  (path: string, options?: MkdirpOptions): Promise<Made> => makeDirectory(path, options),
  { sync: mkdirpNativeSync },
)

/** Whether mkdirp itself would call Node's `mkdirSync`. */
export const useNativeSync = (opts?: MkdirpOptions): boolean => isNodes(asOptions(opts).provided, 'mkdirSync')

/** Whether mkdirp itself would call Node's `mkdir`. */
export const useNative = Object.assign((opts?: MkdirpOptions): boolean => isNodes(asOptions(opts).provided, 'mkdir'), {
  sync: useNativeSync,
})

const isNodes = ({ fs, ...given }: Options, name: keyof FsProvider): boolean =>
  (given[name] || fs?.[name] || nodeFs[name]) === nodeFs[name]

interface Asked {
  readonly mode: number | string | undefined
  readonly provided: Options
}

function asOptions(given: MkdirpOptions | undefined): Asked {
  if (!given) return { mode: undefined, provided: {} }
  if (typeof given === 'object') return { mode: given.mode, provided: given }
  if (typeof given === 'number') return { mode: given, provided: {} }
  if (typeof given === 'string') return { mode: Number.parseInt(given, 8), provided: {} }
  throw new TypeError('invalid options argument')
}

function doorOf({ fs = {}, mode: _, ...given }: Options): Door {
  const { mkdirAsync, statAsync } = given
  const mkdir = (given.mkdir || fs.mkdir || nodeFs.mkdir) as NonNullable<FsProvider['mkdir']>
  const stat = (given.stat || fs.stat || nodeFs.stat) as NonNullable<FsProvider['stat']>
  const mkdirSync = given.mkdirSync || fs.mkdirSync || nodeFs.mkdirSync
  const single = (mode: number) => ({ mode, recursive: false })
  return doorTo({
    mkdir: (path, mode, done) =>
      mkdirAsync ? mkdirAsync(path, single(mode)).then(() => done(null), done) : mkdir(path, single(mode), done),
    stat: (path, done) => (statAsync ? statAsync(path).then(stats => done(null, stats), done) : stat(path, done)),
    mkdirSync: (path, mode) => mkdirSync(path, single(mode)),
    statSync: given.statSync || fs.statSync || nodeFs.statSync,
  })
}

export const mkdirp = Object.assign(makeDirectory, {
  mkdirpSync,
  mkdirpNative,
  mkdirpNativeSync,
  mkdirpManual,
  mkdirpManualSync,
  useNative,
  useNativeSync,
  sync: mkdirpSync,
  native: mkdirpNative,
  nativeSync: mkdirpNativeSync,
  manual: mkdirpManual,
  manualSync: mkdirpManualSync,
})

/** What `require` returns, and `import` as the default: mkdirp 1 is called so. */
const wholeModule = Object.assign(mkdirp, { mkdirp })

export {
  mkdirpManual as manual,
  mkdirpManualSync as manualSync,
  mkdirpNative as native,
  mkdirpNativeSync as nativeSync,
  mkdirpSync as sync,
  wholeModule as default,
  wholeModule as 'module.exports',
}
