// Two paths may spell one name: `a` and `./a`, or `a` and `A` where case does not count. What is known to be one inode is
// then not two names of it, and taking one of them away would take away the only one.

import { basename, dirname } from 'node:path'
import { same } from './claim.js'
import { fs, type Steps } from './steps.js'

export function* isOneName(one: string, other: string): Steps<boolean> {
  const [here, there] = [basename(one), basename(other)]
  if (folded(here) !== folded(there)) return false
  const [dir, otherDir] = [dirname(one), dirname(other)]
  if (dir !== otherDir && !same(yield* fs.stat(dir), yield* fs.stat(otherDir))) return false
  // Alike, but not the same: they are two names only if the directory has both.
  return here === there || !(yield* hasBoth(dir, here, there))
}

/** As a filesystem may that does not care about case, or about how accents are composed. */
const folded = (name: string): string => name.normalize('NFC').toLowerCase()

function* hasBoth(dir: string, one: string, other: string): Steps<boolean> {
  const names = new Set(yield* fs.readdir(dir))
  return names.has(one) && names.has(other)
}
