// `holdfast/fs-extra`: the package fs-extra 11.4, with its races gone.
//
// | kept to the letter | |
// |---|---|
// | names, aliases, promise, callback and `...Sync` | all of fs-extra's, but for `gracefulify`, which is graceful-fs's |
// | options and their defaults, `clobber`, the filter of `copy` with the caller's own spelling, JSON | as fs-extra 11.4 |
// | errors of `copy` and `move` | the same messages, without codes; what the system reported is their `cause` |
// | errors of all else | Node's codes; where the disk was looked at first, the paths in the messages are absolute |
// | the rest of `node:fs` | Node's own functions, promisified; `read`, `write`, `readv`, `writev` come to both values |
//
// | stronger | |
// |---|---|
// | `writeFile`, `outputFile`, `writeJson`, `outputJson` | whole or not at all (what Node alone can do is Node's: see ./node/write-file.ts) |
// | `ensureFile` | never empties what another process has just written |
// | `copy` | no reader sees a part of a file, or finds it missing while it is replaced; devices alone are copied as the system does it |
// | `preserveTimestamps` | the access time is that before the source was read |
// | `move` | without `overwrite` nothing is replaced, not even a link that leads nowhere; with it, a file is never missing |
// | `remove`, `emptyDir` | a directory is gone at once, and as a whole; `emptyDir` resolves to nothing |
// | `ensureDir`, `ensureLink`, `ensureSymlink` | the callers of a race all succeed |
// | `open`, `readFile`, `readdir` ... | while no descriptor is free, a call waits for one, as with graceful-fs |
// | callbacks | called in a tick of their own: what they throw is an uncaught exception, not an unhandled rejection |
//
// | refused | because |
// |---|---|
// | `move` of a link in the place of what it leads to | what is there would be lost |
// | a copy in the place of a pipe, a socket or a device; special files in a tree | those that have it open would wait for ever |
// | a promise from the filter of `copySync` | it counts as true in fs-extra: everything is copied |
// | `remove` of `.`, `..` or a root, `emptyDir` of a root | never meant |
//
// Nothing is synced to the disk, as in fs-extra: for that, use the functions of `holdfast` themselves. graceful-fs is not
// needed: it replaces functions of `node:fs` for the whole process when it is imported, and what it is for is done here by
// the retries that all functions share.

import * as native from './fs-extra/native.js'
import * as own from './fs-extra/own.js'
import { nodeFs } from './node-fs.js'

export * from 'node:fs'
export {
  access,
  appendFile,
  chmod,
  chown,
  close,
  copyFile,
  cp,
  cpSync,
  exists,
  fchmod,
  fchown,
  fdatasync,
  fstat,
  fsync,
  ftruncate,
  futimes,
  glob,
  lchmod,
  lchown,
  link,
  lstat,
  lutimes,
  mkdir,
  mkdirSync,
  mkdtemp,
  open,
  opendir,
  read,
  readdir,
  readFile,
  readlink,
  readv,
  realpath,
  rename,
  renameSync,
  rm,
  rmdir,
  rmSync,
  stat,
  statfs,
  symlink,
  truncate,
  unlink,
  utimes,
  write,
  writeFile,
  writeFileSync,
  writev,
} from './fs-extra/native.js'
export * from './fs-extra/own.js'
export type {
  CopyFilterAsync,
  CopyFilterSync,
  CopyOptions,
  CopyOptionsSync,
  EnsureDirOptions,
  JsonOutputOptions,
  JsonReadOptions,
  JsonWriteOptions,
  MoveOptions,
  NoParamCallbackWithUndefined,
  SymlinkType,
} from './fs-extra/types.js'

type Face = Omit<typeof nodeFs, keyof typeof native> & typeof native & typeof own

/** What this version of Node does not have, the face does not have either. */
const there = Object.fromEntries(Object.entries(native).filter(([, value]) => value !== undefined))

/** A plain object, because tests put functions of their own into it. */
const face = { ...nodeFs, ...there, ...own } as unknown as Face

export { face as default, face as 'module.exports' }
