// Two paths may spell one name: `a` and `./a`, or `a` and `A` where case does not matter. Both lead to one inode then,
// but not as two hard links: removing one of them would remove the only name.

import { basename, dirname } from 'node:path'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { sameInode } from './identity.js'

/** Returns whether two paths, both of which led to one inode a moment ago, spell one name. */
export function* isSameName(one: string, other: string): Steps<boolean> {
  const [dir, otherDir] = [dirname(one), dirname(other)]
  if (dir !== otherDir && !sameInode(yield* fs.stat(dir), yield* fs.stat(otherDir))) return false
  const [here, there] = [basename(one), basename(other)]
  if (here === there) return true
  // Only the filesystem knows which spellings it takes for one. Of those the directory lists one, and all lead to the
  // inode.
  return !(yield* hasBoth(dir, here, there)) && (yield* isOneInode(one, other))
}

/**
 * Does the directory list both names? Some filesystems list accents composed in a way of their own, so names are
 * compared normalised, unless the two differ only in how their accents are composed.
 */
function* hasBoth(dir: string, one: string, other: string): Steps<boolean> {
  const differInAccents = one.normalize() === other.normalize()
  const comparable = (name: string) => (differInAccents ? name : name.normalize())
  const names = new Set((yield* fs.readdir(dir)).map(comparable))
  return names.has(comparable(one)) && names.has(comparable(other))
}

function* isOneInode(one: string, other: string): Steps<boolean> {
  return sameInode(yield* fs.lstat(one, orNothing), yield* fs.lstat(other, orNothing))
}

/** Changes how the one name is spelled, if the two spellings differ. Filesystems that keep no spelling ignore it. */
export function* respell(from: string, to: string): Steps<void> {
  if (basename(from) !== basename(to)) yield* fs.rename(from, to)
}
