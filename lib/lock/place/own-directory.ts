// What has a lock's name may be another's: planted, as a link to another lock, or a directory in /tmp that another user has
// made; or an empty directory, which is what other packages make for their locks.

import { dirname } from 'node:path'
import { notACell } from '../../cell/transition.js'
import type { Stats } from '../../core/stats.js'
import { fs, orNothing, type Steps } from '../../core/steps.js'
import { isOwn, isPlanted, refusePlanted } from '../../parts/follow-links.js'
import { canOpen } from './opened.js'
import { mark } from './rights.js'

/**
 * Whose is the directory, which is not empty? A link that somebody has planted leads to another lock, and a swap there
 * would take that from its holder. `placed`: another user can put such a link there at any moment (./opened.ts). Returns
 * undefined if nothing has the name any more.
 */
export function* whoseIs(dir: string): Steps<'own' | 'placed' | undefined> {
  const there = yield* fs.lstat(dir, orNothing)
  if (!there) return undefined
  if (there.isSymbolicLink()) throw notACell(dir, 'it is a link, which is not followed')
  if (!canOpen()) yield* refusePlanted(dir, there)
  return (yield* isPlanted(dir, there)) ? 'placed' : 'own'
}

/** Also when it is empty: an age-based cleaner may have emptied it, or a removal was killed. */
export const isMarked = (there: Stats): boolean => there.isDirectory() && (there.mode & BigInt(mark)) !== 0n

/**
 * Can this user remove the directory? From a sticky one, usually only the user can that owns it: without its token it would
 * stay, and be in the way of all others.
 */
export function* isRemovable(dir: string): Steps<boolean> {
  const there = yield* fs.lstat(dir, orNothing)
  if (!there || isOwn(there) || process.geteuid?.() === 0) return true
  const above = yield* fs.stat(dirname(dir))
  return (above.mode & 0o1000n) === 0n || isOwn(above)
}
