// Two paths may spell one name: `a` and `./a`, or `a` and `A` where case does not count. What is known to be one inode is
// then not two names of it, and taking one of them away would take away the only one.

import { basename, dirname } from 'node:path'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { sameInode } from './identity.js'

/** Both were one inode when they were looked at. */
export function* isSameName(one: string, other: string): Steps<boolean> {
  const [dir, otherDir] = [dirname(one), dirname(other)]
  if (dir !== otherDir && !sameInode(yield* fs.stat(dir), yield* fs.stat(otherDir))) return false
  const [here, there] = [basename(one), basename(other)]
  if (here === there) return true
  // What a filesystem takes for the same, only it knows: the directory has not both names, and yet both lead there.
  return !(yield* hasBoth(dir, here, there)) && (yield* isOneInode(one, other))
}

/** Some filesystems compose accents in their own way, and tell names so. */
function* hasBoth(dir: string, one: string, other: string): Steps<boolean> {
  const accents = one.normalize() === other.normalize()
  const told = (name: string) => (accents ? name : name.normalize())
  const names = new Set((yield* fs.readdir(dir)).map(told))
  return names.has(told(one)) && names.has(told(other))
}

function* isOneInode(one: string, other: string): Steps<boolean> {
  return sameInode(yield* fs.lstat(one, orNothing), yield* fs.lstat(other, orNothing))
}

/** The one name is spelt anew, where the filesystem keeps a spelling. */
export function* respell(from: string, to: string): Steps<void> {
  if (basename(from) !== basename(to)) yield* fs.rename(from, to)
}
