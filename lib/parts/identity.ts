// Deciding by identity: the inode at a name says what is there, never an errno or the name's presence.

import { isSystemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'

/**
 * One inode. Only worth asking while a name or an open descriptor keeps its number from being used again: the ext4
 * filesystem gives it to the next file.
 */
export const sameInode = (a: Stats | undefined, b: Stats | undefined): boolean =>
  a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev

/**
 * One thing, also where its number may be used again: then another thing has that, and was born at another time. Where
 * the filesystem keeps no time of birth, that is 0, or the time of the last change of any kind. And overlayfs makes a copy
 * of a file of a lower layer before that is changed or renamed. So what is alike in all else is taken for the same.
 */
export const sameThing = (a: Stats | undefined, b: Stats | undefined): boolean =>
  sameInode(a, b) && (a?.birthtimeNs === b?.birthtimeNs || alike(a as Stats, b as Stats))

const alike = (a: Stats, b: Stats): boolean => a.mtimeNs === b.mtimeNs && a.size === b.size && a.mode === b.mode

/** A device, a pipe or a socket: it cannot be copied, and what is written into it goes elsewhere. */
export const isSpecial = (stats: Stats): boolean => !stats.isFile() && !stats.isDirectory() && !stats.isSymbolicLink()

/** True if `path` is a name of the inode `was`, whose number something keeps from being used again. */
export function* isInode(path: Path, was: Stats): Steps<true | undefined> {
  return sameInode(yield* fs.lstat(path, orNothing), was) || undefined
}

/** The same for a thing that may be gone. After a rename that reported an error, this says that it was done. */
export function* isThing(path: Path, was: Stats): Steps<true | undefined> {
  return sameThing(yield* fs.lstat(path, orNothing), was) || undefined
}

/** True if nothing has that name. */
export function* isGone(path: Path): Steps<true | undefined> {
  return (yield* fs.lstat(path, orNothing)) ? undefined : true
}

/**
 * Is a file there, or a link to one? `there` is what `lstat` returned for the name. What cannot be read is not there.
 */
export function* isFile(path: Path, there?: Stats): Steps<boolean> {
  try {
    const stats = there ?? (yield* fs.lstat(path, orNothing))
    if (!stats?.isSymbolicLink()) return stats?.isFile() ?? false
    return (yield* fs.stat(path, orNothing))?.isFile() ?? false
  } catch (error) {
    if (!isSystemError(error)) throw error
    return false
  }
}
