// fs-extra's own functions, in its three forms: with a callback, as a promise, and `...Sync`.

import { openDual } from '../../core/dual.js'
import { asPath } from '../../core/input.js'
import { fs, type Steps } from '../../core/steps.js'
import { emptyDir as empty } from '../../empty-dir.js'
import { directories, mkdir } from '../node/mkdir.js'
import { isMode, textOf } from '../node/paths.js'
import { rm, tree } from '../node/rm.js'
import { copy as copyDual } from './copy.js'
import { ensureFile as fileDual, ensureLink as linkDual } from './ensure.js'
import { ensureSymlink as symlinkDual } from './ensure-symlink.js'
import { forms, type Given, ofNode, type Taken } from './forms.js'
import { outputJson as outputJsonDual, readJson as readJsonDual, writeJson as writeJsonDual } from './json.js'
import { move as moveDual } from './move.js'
import { asOptions, outputFile as outputFileDual } from './output.js'
import type * as types from './types.js'

const pathOnly = (path: unknown): Given => [path]
const first =
  (most: number) =>
  (...args: Given) =>
    args.slice(0, most)
const withOptions = (a: unknown, b: unknown, options: unknown): Given => [a, b, asOptions(options)]

export const [copy, copySync] = forms<types.Copy, types.CopySync>('copy', copyDual, first(3), 2)
export const [move, moveSync] = forms<types.Move, types.MoveSync>('move', moveDual, first(3), 2)

export const [remove, removeSync] = ofNode<types.OfPath, types.OfPathSync>('remove', tree, rm, path => ({
  text: textOf(path),
  option: true,
  asNode: () => ({ recursive: true, force: true }),
}))

export const [emptyDir, emptyDirSync] = forms<types.OfPath, types.OfPathSync>('emptyDir', empty, pathOnly)
export { emptyDir as emptydir, emptyDirSync as emptydirSync }

export const [mkdirs, mkdirsSync] = ofNode<types.EnsureDir, types.EnsureDirSync>(
  'mkdirs',
  directories,
  mkdir,
  asDirectory,
)
export { mkdirs as ensureDir, mkdirs as mkdirp, mkdirsSync as ensureDirSync, mkdirsSync as mkdirpSync }

function asDirectory(dir: unknown, options: unknown): Taken {
  if (process.platform === 'win32' && /[<>:"|?*]/.test(String(dir).replace(/^([a-z]:)?[\\/]*/i, '')))
    throw Object.assign(new Error(`Path contains invalid characters: ${dir}`), { code: 'EINVAL' })
  const mode = typeof options === 'object' ? (options as { mode?: unknown } | null)?.mode : asNumber(options)
  const text = isMode(mode) ? textOf(dir) : undefined
  return { text, option: mode, asNode: () => ({ recursive: true, mode }) }
}

const asNumber = (options: unknown): number | undefined => (typeof options === 'number' ? options : undefined)

export const [ensureFile, ensureFileSync] = forms<types.OfPath, types.OfPathSync>('ensureFile', fileDual, pathOnly)
export { ensureFile as createFile, ensureFileSync as createFileSync }

export const [ensureLink, ensureLinkSync] = forms<types.EnsureLink, types.EnsureLinkSync>(
  'ensureLink',
  linkDual,
  first(2),
  2,
)
export { ensureLink as createLink, ensureLinkSync as createLinkSync }

export const [ensureSymlink, ensureSymlinkSync] = forms<types.EnsureSymlink, types.EnsureSymlinkSync>(
  'ensureSymlink',
  symlinkDual,
  first(3),
  2,
)
export { ensureSymlink as createSymlink, ensureSymlinkSync as createSymlinkSync }

export const [outputFile, outputFileSync] = forms<types.OutputFile, types.OutputFileSync>(
  'outputFile',
  outputFileDual,
  withOptions,
)
export const [outputJson, outputJsonSync] = forms<types.OutputJson, types.OutputJsonSync>(
  'outputJson',
  outputJsonDual,
  withOptions,
)
export const [readJson, readJsonSync] = forms<types.ReadJson, types.ReadJsonSync>('readJson', readJsonDual, first(2), 0)
export const [writeJson, writeJsonSync] = forms<types.WriteJson, types.WriteJsonSync>(
  'writeJson',
  writeJsonDual,
  withOptions,
  0,
)
export {
  outputJson as outputJSON,
  outputJsonSync as outputJSONSync,
  readJson as readJSON,
  readJsonSync as readJSONSync,
  writeJson as writeJSON,
  writeJsonSync as writeJSONSync,
}

/** What is no path does not exist. */
const existing = openDual(function* pathExists(given: unknown): Steps<boolean> {
  const path = textOf(given)
  return path !== undefined && (yield* fs.exists(asPath(path, 'path')))
})
export const [pathExists, pathExistsSync] = forms<types.PathExists, types.PathExistsSync>(
  'pathExists',
  existing,
  pathOnly,
  0,
)
