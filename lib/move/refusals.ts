// What a move would destroy is refused before anything is done.

import { basename } from 'node:path'
import { isSystemError, type SystemError, systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { containment } from '../parts/containment.js'
import { isSpecial, sameInode } from '../parts/identity.js'
import { leadsTo } from '../parts/leads-to.js'
import { isSameName } from '../parts/spelling.js'
import type { Moving } from './job.js'

/** `was` is what has the source's name, `there` what has the target's. */
export function* refuseDestruction(job: Moving, was: Stats, there: Stats | undefined): Steps<void> {
  const { from, to, overwrite } = job
  if (!there) return
  // Where case does not count, another spelling of the source's own name is a new spelling.
  if (sameInode(there, was) && basename(from) === basename(to) && (yield* isSameName(from, to)))
    throw refused(job, 'both paths are one name')
  if (!overwrite) return
  if (overwrite === true && isSpecial(there) && !isSpecial(was))
    throw refused(job, 'a special file (a device, a pipe or a socket) has the name, and is not replaced')
  // Without a gap no directory is replaced by a link.
  if (!was.isSymbolicLink() || (overwrite === true && there.isDirectory())) return
  if (yield* there.isDirectory() ? leadsInto(from, to) : leadsTo(from, to, there))
    throw refused(job, 'the link leads to what it would replace')
}

/** Does the link lead to the directory, or to something in it, which would be removed together? */
function* leadsInto(link: string, dir: string): Steps<boolean> {
  try {
    return (yield* fs.stat(link, orNothing)) !== undefined && (yield* containment(link, dir)) !== 'outside'
  } catch (error) {
    // It leads nowhere: in a circle, say.
    if (!isSystemError(error)) throw error
    return false
  }
}

const refused = ({ from, to }: Moving, why: string): SystemError => systemError('EINVAL', 'rename', why, from, to)
