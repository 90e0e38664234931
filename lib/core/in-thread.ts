// Each call as a function of the sync API, which makes it in the calling thread. Its twin is ./pool.ts.

import type { Alphabet, Op } from './alphabet.js'
import { callBack, type Done } from './done.js'
import { entryOf, inBytes, linkBytes } from './entry.js'
import { hasCode } from './errors.js'
import { isClocked } from './filesystem-kinds.js'
import { type Asking, findLocal } from './find-local.js'
import type { OpenFlags, Path } from './names.js'
import { cloneArguments, nodeFlags, nodeTime } from './node-arguments.js'
import type { Stats } from './stats.js'
import type { orNothing } from './steps.js'

type NodeFs = typeof import('node:fs')
type Calls = { readonly [O in Op]?: (...args: Parameters<Alphabet[O]>) => unknown }

/** Each call, made by the door's own filesystem. */
export const inThreadOf = (fs: NodeFs) =>
  ({
    open: (path, flags, mode) => fs.openSync(path, nodeFlags(flags, fs.constants), mode),
    read: (fd, into, position) => fs.readSync(fd, into, 0, into.length, position),
    write: (fd, data, position) => fs.writeSync(fd, data, 0, data.length, position),
    ftruncate: fs.ftruncateSync,
    fsync: fs.fsyncSync,
    // Looked up at each call, because graceful-fs, if another package loads it, replaces it, and wakes its queue there.
    close: fd => fs.closeSync(fd),
    fstat: fd => fs.fstatSync(fd, inBigints),
    fchmod: fs.fchmodSync,
    fchown: fs.fchownSync,
    futimes: (fd, atime, mtime) => fs.futimesSync(fd, nodeTime(atime), nodeTime(mtime)),
    stat: (path, options?: typeof orNothing) => statOrNothing(fs.statSync, path, options),
    lstat: (path, options?: typeof orNothing) => statOrNothing(fs.lstatSync, path, options),
    exists: path => fs.existsSync(path),
    readFile: (path, flags) => readByDescriptor(path, fs, flags),
    readlink: path => linkBytes(fs.readlinkSync(path, 'buffer')),
    readdir: path => fs.readdirSync(path),
    list: path => fs.readdirSync(path, inBytes).map(entryOf),
    mkdir: fs.mkdirSync,
    rmdir: fs.rmdirSync,
    rename: fs.renameSync,
    link: fs.linkSync,
    symlink: fs.symlinkSync,
    unlink: fs.unlinkSync,
    clone: (source, from, to) => fs.copyFileSync(...cloneArguments(source, from, to, fs.constants)),
    chmod: fs.chmodSync,
    chown: fs.chownSync,
    utimes: (path, atime, mtime) => fs.utimesSync(path, nodeTime(atime), nodeTime(mtime)),
    realpath: path => fs.realpathSync.native(path),
    local: path => findLocalNow(path, fs),
    clocked: (path, keeper) => findClockedNow(path, fs, keeper),
  }) satisfies Calls

const inBigints = { bigint: true } as const
const missingAllowed = { bigint: true, throwIfNoEntry: false } as const

type StatSync = (path: Path, options: typeof inBigints | typeof missingAllowed) => Stats | undefined

/** Node throws ENOTDIR even if it may return undefined, though nothing has that name either. */
function statOrNothing(stat: StatSync, path: Path, options?: typeof orNothing): Stats | undefined {
  try {
    return stat(path, options ? missingAllowed : inBigints)
  } catch (error) {
    if (options && hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

/** By its path, Node leaves the file open if it cannot be looked at. */
function readByDescriptor(path: string, fs: NodeFs, flags: OpenFlags = 'r'): Buffer {
  const fd = fs.openSync(path, nodeFlags(flags, fs.constants))
  try {
    return fs.readFileSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}

function findLocalNow(path: string, fs: NodeFs): boolean {
  const ask: Asking = {
    statfs: (at, found) => callBack(() => fs.statfsSync(at), found as Done),
    stat: (at, found) => callBack(() => fs.statSync(at), found as Done),
    realpath: (at, found) => callBack(() => fs.realpathSync.native(at), found as Done),
  }
  let local = false
  findLocal(path, ask, isLocal => {
    local = isLocal
  })
  return local
}

function findClockedNow(path: string, fs: NodeFs, keeper?: 'kernel'): boolean {
  try {
    return isClocked(fs.statfsSync(path).type, keeper)
  } catch {
    return false
  }
}
