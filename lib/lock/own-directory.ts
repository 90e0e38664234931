// What has a lock's name may be another's: planted, as a link to another lock, or a directory in /tmp that another user has
// made; or an empty directory, which is what other packages make for their locks.

import { notACell } from '../cell/transition.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { tidy } from '../parts/cleanup.js'
import { refusePlanted } from '../parts/follow-links.js'
import { closing } from '../parts/stage.js'

/**
 * A link that somebody has planted leads to another lock, and a swap there would take that from its holder. Returns false
 * if nothing has the name any more.
 */
export function* isOwnDirectory(dir: string): Steps<boolean> {
  const there = yield* fs.lstat(dir, orNothing)
  if (!there) return false
  if (there.isSymbolicLink()) throw notACell(dir, 'it is a link, which is not followed')
  yield* refusePlanted(dir, there)
  return true
}

/** The set-user-ID bit, which means nothing on a directory: it says that this package has made it, also when it is empty. */
const ours = 0o4000
const allBits = 0o7777n

/**
 * Marks a new directory as ours. By a descriptor, because the bit would mean much on a file that somebody has put in its
 * place. Best effort: without the mark it is another's if it is empty.
 */
export const markOurs = (path: string): Steps<void> => tidy(markOpened(path))

function* markOpened(path: string): Steps<void> {
  const fd = yield* fs.open(path, 'r nofollow')
  yield* closing(fd, function* () {
    const there = yield* fs.fstat(fd)
    if (there.isDirectory()) yield* fs.fchmod(fd, Number(there.mode & allBits) | ours)
  })
}

/** Is the directory, which is empty, one of ours? An age-based cleaner may have emptied it, or a removal was killed. */
export function* isOurs(dir: string): Steps<boolean> {
  const there = yield* fs.lstat(dir, orNothing)
  if (!there?.isDirectory()) return there === undefined
  yield* refusePlanted(dir, there)
  return isMarked(there)
}

export const isMarked = (there: Stats): boolean => there.isDirectory() && (there.mode & BigInt(ours)) !== 0n
