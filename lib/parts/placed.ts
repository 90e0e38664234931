// Which directories another user may have put at a private name.

import type { Stats } from '../core/stats.js'
import { fs, type Path, type Steps } from '../core/steps.js'
import { sameThing } from './identity.js'
import { dirOf } from './tree.js'

/** Does it belong to the user that this process acts for? Windows has no such owners. */
export const isOwn = ({ uid }: Stats): boolean => process.geteuid === undefined || Number(uid) === process.geteuid()

/** May users other than its owner rename what is in a directory? */
export function* othersMayRename(dir: Path): Steps<boolean> {
  const { mode } = yield* fs.stat(dir)
  return (mode & 0o022n) !== 0n && (mode & 0o1000n) === 0n
}

/** Is a directory that has a private name still what it was? If not, it is not touched. */
export type IsOurs = (there: Stats) => Steps<boolean>

/**
 * The thing `was`; or whatever it is, if no other user may rename things beside `path`: then no other has put it there, and
 * on some filesystems the number of a thing changes together with its name.
 */
export const isStill = (path: Path, was: Stats): IsOurs =>
  function* (there) {
    return sameThing(there, was) || !(yield* othersMayRename(dirOf(path)))
  }

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
 * the user that this process acts for is taken for what the name says.
 */
export function* mayBePlaced(path: Path, there: Stats): Steps<boolean> {
  return there.isDirectory() && !isOwn(there) && (yield* othersMayRename(dirOf(path)))
}

/** The same as a condition, for what was made by a function that says nothing of it. */
export const isUnplaced = (path: Path): IsOurs =>
  function* (there) {
    return !(yield* mayBePlaced(path, there))
  }
