// Each call as a function of the callback API, which lets a thread of libuv's pool make it.

import type { Alphabet, Op } from './alphabet.js'
import { callBack, type Done } from './done.js'
import { entryOf, inBytes, linkBytes } from './entry.js'
import { hasCode } from './errors.js'
import { isClocked } from './filesystem-kinds.js'
import { findLocal } from './find-local.js'
import { cloneArguments, nodeFlags, nodeTime } from './node-arguments.js'
import type { orNothing } from './steps.js'

type Calls = { readonly [O in Op]?: (done: Done, ...args: Parameters<Alphabet[O]>) => void }

/** Each function of `fs` is looked up when it is called, because other packages replace some (graceful-fs: `close`). */
export const poolOf = (fs: typeof import('node:fs')) =>
  ({
    open: (done, path, flags, mode) => fs.open(path, nodeFlags(flags, fs.constants), mode, done),
    read: (done, fd, into, position) => fs.read(fd, into, 0, into.length, position, done),
    write: (done, fd, data, position) => fs.write(fd, data, 0, data.length, position, done),
    ftruncate: (done, fd, length) => fs.ftruncate(fd, length, done),
    fsync: (done, fd) => fs.fsync(fd, done),
    close: (done, fd) => fs.close(fd, done),
    fstat: (done, fd) => fs.fstat(fd, { bigint: true }, done),
    fchmod: (done, fd, mode) => fs.fchmod(fd, mode, done),
    fchown: (done, fd, uid, gid) => fs.fchown(fd, uid, gid, done),
    futimes: (done, fd, atime, mtime) => fs.futimes(fd, nodeTime(atime), nodeTime(mtime), done),
    stat: (done, path, options?: typeof orNothing) => fs.stat(path, { bigint: true }, options ? orMissing(done) : done),
    lstat: (done, path, options?: typeof orNothing) =>
      fs.lstat(path, { bigint: true }, options ? orMissing(done) : done),
    exists: (done, path) => fs.access(path, error => done(null, !error)),
    // Numbers are flags for Node too, although its types know strings only.
    readFile: (done, path, flags = 'r') => fs.readFile(path, { flag: nodeFlags(flags, fs.constants) as string }, done),
    readlink: (done, path) =>
      fs.readlink(path, 'buffer', (error, text) => (error ? done(error) : done(null, linkBytes(text)))),
    readdir: (done, path) => fs.readdir(path, done),
    list: (done, path) =>
      fs.readdir(path, inBytes, (error, all) => (error ? done(error) : callBack(() => all.map(entryOf), done))),
    mkdir: (done, path, mode) => fs.mkdir(path, mode, done),
    rmdir: (done, path) => fs.rmdir(path, done),
    rename: (done, from, to) => fs.rename(from, to, done),
    link: (done, existing, path) => fs.link(existing, path, done),
    symlink: (done, target, path, type) => fs.symlink(target, path, type, done),
    unlink: (done, path) => fs.unlink(path, done),
    clone: (done, source, from, to) => fs.copyFile(...cloneArguments(source, from, to, fs.constants), done),
    chmod: (done, path, mode) => fs.chmod(path, mode, done),
    chown: (done, path, uid, gid) => fs.chown(path, uid, gid, done),
    utimes: (done, path, atime, mtime) => fs.utimes(path, nodeTime(atime), nodeTime(mtime), done),
    realpath: (done, path) => fs.realpath.native(path, done),
    local: (done, path) =>
      findLocal(path, { statfs: fs.statfs, stat: fs.stat, realpath: fs.realpath.native }, isLocal =>
        done(null, isLocal),
      ),
    clocked: (done, path, keeper) =>
      fs.statfs(path, (error, stats) => done(null, isClocked(error ? undefined : stats.type, keeper))),
  }) satisfies Calls

/** A missing name is a result, not an error. */
function orMissing(done: Done): Done {
  return (error, stats) => (error && hasCode(error, 'ENOENT', 'ENOTDIR') ? done(null) : done(error, stats))
}
