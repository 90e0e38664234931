// Something else has the new name, and is to be replaced in one step.

import { systemError } from '../core/errors.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { achieve, done } from '../parts/achieve.js'
import { leadsTo } from '../parts/leads-to.js'
import { giving } from '../parts/publish.js'
import { isLinkOf, statLink } from '../parts/same-content.js'
import { staged } from '../parts/stage.js'
import { copyInstead } from './copy-instead.js'
import type { Linked, Linking } from './job.js'

/** Makes a link at a private name, and renames that onto it. */
export function* replaceWithLink(job: Linking): Steps<Linked> {
  if ((yield* statLink(job.from, job.to, false)) === 'one') return 'already'
  yield* refuseOwnTarget(job)
  try {
    return yield* staged(
      job.to,
      path => linkPrivately(job, path),
      // If another call has linked the same inode meanwhile, the rename does nothing, and the private name is removed
      // later.
      ({ path }) => done(giving(job.trial.publication, job.to, fs.rename(path, job.to)), 'linked'),
    )
  } catch (error) {
    return yield* copyInstead(job, error)
  }
}

/** A symbolic link in the place of what it leads to would destroy that. */
function* refuseOwnTarget({ from, to }: Linking): Steps<void> {
  if (!(yield* fs.lstat(from, orNothing))?.isSymbolicLink()) return
  const there = yield* fs.lstat(to, orNothing)
  if (there && (yield* leadsTo(from, to, there)))
    throw systemError('EINVAL', 'link', 'the link leads to what it would replace', from, to)
}

function* linkPrivately({ from, trial }: Linking, path: string): Steps<true> {
  return yield* achieve(
    () => done(fs.link(from, path), true),
    () => isLinkOf(from, path),
    trial,
  )
}
