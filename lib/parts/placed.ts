// Which directories another user may have put at a private name.

import { platform } from '../core/platform.js'
import type { Stats } from '../core/stats.js'
import { fs, type Path, type Steps } from '../core/steps.js'
import { isOfAnother, isOwn } from './follow-links.js'
import { sameInode, sameThing } from './identity.js'
import { dirOf } from './tree.js'

/** May another user rename what is in a directory? Its owner may, and usually all users who may write it. */
export function* othersMayRename(dir: Path): Steps<boolean> {
  const there = yield* fs.stat(dir)
  return isOfAnother(there) || isShared(there)
}

/** May all who may write the directory rename everything in it? */
const isShared = ({ mode }: Stats): boolean => (mode & 0o022n) !== 0n && (mode & 0o1000n) === 0n

/** Is a directory that has a private name still what it was? If not, it is not touched. */
export type IsOurs = (there: Stats) => Steps<boolean>

/**
 * The thing `was`; or whatever it is, if no other user may rename things beside `path`: then no other has put it there, and
 * on some filesystems the number of a thing changes together with its name.
 */
export const isStill = (path: Path, was: Stats): IsOurs =>
  function* (there) {
    return sameThing(there, was) || isRenamedOnWindows(there, was) || !(yield* othersMayRename(dirOf(path)))
  }

/**
 * On Windows a mode says nothing of other users. There either is enough: NTFS uses no number again, and FAT gives a thing that
 * is renamed another one, and no other time of birth. (Wine does so with each change.)
 */
const isRenamedOnWindows = (there: Stats, was: Stats): boolean =>
  platform.isWindows && (sameInode(there, was) || (there.birthtimeNs === was.birthtimeNs && there.birthtimeNs !== 0n))

/**
 * The same for what was at `path` right before it got a private name. Another process may have replaced it in that very
 * moment, so what belongs to this user is what was renamed: a user who can put that at the private name can put it at
 * `path` as well.
 */
export const isStillOrOwn = (path: Path, was: Stats): IsOurs =>
  function* (there) {
    return isOwn(there) || (yield* isStill(path, was)(there))
  }

/**
 * Is this a directory that another user may have put at a private name? Nothing shows what it was before. What belongs to
 * the user that this process acts for is taken for what the name says, and so is what belongs to the only other user who
 * may have put it there.
 */
export function* mayBePlaced(path: Path, there: Stats): Steps<boolean> {
  if (!there.isDirectory() || isOwn(there)) return false
  const dir = yield* fs.stat(dirOf(path))
  return isShared(dir) || (isOfAnother(dir) && dir.uid !== there.uid)
}

/** The same as a condition, for what was made by a function that says nothing of it. */
export const isUnplaced = (path: Path): IsOurs =>
  function* (there) {
    return !(yield* mayBePlaced(path, there))
  }
