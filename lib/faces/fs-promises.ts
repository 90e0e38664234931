// `holdfast/fs-promises`: everything that `node:fs/promises` exports.
//
// | kept to the letter | |
// |---|---|
// | all other exports | Node's own |
// | calls that only Node can do: `writeFile` with another flag than `w`, or into a FileHandle, a pipe, a device, a file with several names or a read-only one; `rm` and `mkdir` without `recursive`; `cp` with `mode`; bytes as paths that are no text; bad input | go on to Node |
// | `link`, `symlink` | Node's own: EEXIST also if the very same is there, because that may decide who is first, so a lost reply must not count as success. `link` and `symlink` of `holdfast` make it true |
// | `cp` | its options, and its errors with their codes, also for links in a tree; a directory without `recursive` |
//
// | stronger | |
// |---|---|
// | `writeFile` | whole or not at all, also if it is aborted; with `flush`, on the disk before the name changes. It is a new inode, with the old one's mode and owner: who watches the directory sees a private name and a rename, and a blob of `openAsBlob` keeps the old content |
// | `mkdir` with `recursive` | holds against processes that make and remove the same directories |
// | `rm` with `recursive` | a directory is gone at once, as a whole; callers that race all succeed |
// | `cp` | each file is whole at any moment, and never missing while it is replaced; a link in the place of one with the same text is no error, so a tree with links can be copied twice |
// | `rename` | a file goes to another device, too; of two names of one inode, the old one is gone |
//
// | refused | because |
// |---|---|
// | `rename` of a link in the place of what it leads to | what is there would be lost |
// | `cp` in the place of a pipe, a socket or a device; special files in a tree | those that have it open would wait for ever |
// | `rm` with `recursive` of `.`, `..` or a root | never meant |
//
// `cp` keeps the texts of links, as with `verbatimSymlinks`: made absolute, they lead out of a tree that is moved.

import type nodePromises from 'node:fs/promises'
import { cp as cpTree } from './node/cp.js'
import { mkdir as makeDirectory } from './node/mkdir.js'
import { rename as renameName } from './node/rename.js'
import { rm as rmTree } from './node/rm.js'
import { writePieces } from './node/write-file.js'
import { nodeFs } from './node-fs.js'

export * from 'node:fs/promises'

export const cp = cpTree.promise as typeof nodePromises.cp
export const mkdir = makeDirectory.promise as typeof nodePromises.mkdir
export const rename = renameName.promise as typeof nodePromises.rename
export const rm = rmTree.promise as typeof nodePromises.rm
export const writeFile = writePieces.promise as typeof nodePromises.writeFile

/** A plain object, because tests put functions of their own into it. */
const face: typeof nodePromises = { ...nodeFs.promises, cp, mkdir, rename, rm, writeFile }

export { face as default, face as 'module.exports' }
