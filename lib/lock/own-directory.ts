// What has a lock's name may be planted: a link to another lock, or a directory in /tmp that another user has made.

import { notACell } from '../cell/transition.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { refusePlanted } from '../parts/follow-links.js'

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
