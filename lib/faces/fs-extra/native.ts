// What fs-extra has of `node:fs`, in forms that return a promise where no callback is given. fs-extra takes these functions
// from graceful-fs. Here they are Node's own, or those of this package; what graceful-fs adds is here without it: a call
// for which no descriptor is free waits for one, and a rename that Windows refuses for a moment is repeated.

import type nodeFs from 'node:fs'
import { cp as cpTree } from '../node/cp.js'
import { mkdir as makeDirectory } from '../node/mkdir.js'
import { rename as renameName } from '../node/rename.js'
import { rm as rmTree } from '../node/rm.js'
import { writeFile as writeWhole } from '../node/write-file.js'
import { better, nativeRealpath, ofTwo, opening, universal } from './universal.js'

export const access = universal('access')
export const appendFile = opening('appendFile')
export const chmod = universal('chmod')
export const chown = universal('chown')
export const close = universal('close')
export const copyFile = opening('copyFile')
export const fchmod = universal('fchmod')
export const fchown = universal('fchown')
export const fdatasync = universal('fdatasync')
export const fstat = universal('fstat')
export const fsync = universal('fsync')
export const ftruncate = universal('ftruncate')
export const futimes = universal('futimes')
export const lchmod = universal('lchmod')
export const lchown = universal('lchown')
export const lutimes = universal('lutimes')
export const link = universal('link')
export const lstat = universal('lstat')
export const mkdtemp = universal('mkdtemp')
export const open = opening('open')
export const opendir = opening('opendir')
export const readdir = opening('readdir')
export const readFile = opening('readFile')
export const readlink = universal('readlink')
export const rmdir = universal('rmdir')
export const stat = universal('stat')
export const statfs = universal('statfs')
export const symlink = universal('symlink')
export const truncate = universal('truncate')
export const unlink = universal('unlink')
export const utimes = universal('utimes')
/** `node:fs` has it since Node 22. */
export const glob = universal('glob' as keyof typeof nodeFs) as unknown
export const realpath = Object.assign(universal('realpath'), { native: nativeRealpath })
export { exists } from './universal.js'

export const read = ofTwo('read', 'bytesRead', 'buffer')
export const readv = ofTwo('readv', 'bytesRead', 'buffers')
export const write = ofTwo('write', 'bytesWritten', 'buffer')
export const writev = ofTwo('writev', 'bytesWritten', 'buffers')

export const [cp, cpSync] = better<'cp'>(cpTree)
export const [mkdir, mkdirSync] = better<'mkdir'>(makeDirectory)
export const [rename, renameSync] = better<'rename'>(renameName)
export const [rm, rmSync] = better<'rm'>(rmTree)
export const [writeFile, writeFileSync] = better<'writeFile'>(writeWhole)
