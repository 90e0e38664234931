// Gives a file a second name: tries, and looks what became of it (../link.ts).

import { dirname } from 'node:path'
import { hasCode, type SystemError } from '../core/errors.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { type Again, achieve, again } from '../parts/achieve.js'
import { findEnd } from '../parts/follow-links.js'
import { withParents } from '../parts/parents.js'
import { addFinding } from '../parts/public-names.js'
import { giving } from '../parts/publish.js'
import { statLink } from '../parts/same-content.js'
import { copyInstead } from './copy-instead.js'
import type { Linked, Linking } from './job.js'
import { replaceWithLink } from './replace.js'

export const makeLink = (job: Linking): Steps<Linked> =>
  achieve(
    () => tryLink(job),
    error => statLinked(job, error),
    job.trial,
  )

/** Linux and Windows link the link itself. */
const systemFollows = process.platform !== 'linux' && process.platform !== 'win32'

function* tryLink(job: Linking): Steps<Linked> {
  if (job.resolve) job.from = yield* job.resolve()
  job.taken = false
  const { from, to, parents, replace, trial } = job
  if (systemFollows) yield* findEnd(from)
  try {
    yield* withParents(to, parents, () => giving(trial.publication, to, fs.link(from, to)), from)
    return 'linked'
  } catch (error) {
    return yield* replace && hasCode(error, 'EEXIST') ? replaceWithLink(job) : copyInstead(job, error)
  }
}

/** After an attempt that failed: are both names one inode, or has the world moved? */
function* statLinked(job: Linking, error: SystemError): Steps<'already' | Again | undefined> {
  const { from, to, copies, parents } = job
  const seen = yield* statLink(from, to, copies)
  if (seen === 'one' || seen === 'alike') return 'already'
  if (hasCode(error, 'EEXIST') || job.taken) {
    // The name was taken, and nothing has it now: what had it is gone.
    if (seen === 'nothing') return again
    // What has the name may well be what was to be linked, which has moved or is gone: the next try finds out.
    return seen === 'missing' ? yield* lookAgain(job, error) : undefined
  }
  if (!hasCode(error, 'ENOENT')) return undefined
  if (yield* fs.lstat(from, orNothing)) {
    // If the directory is there as well, one of them has come since the attempt.
    return parents || (yield* fs.stat(dirname(to), orNothing)) ? again : undefined
  }
  return yield* lookAgain(job, error)
}

/** The file that was to be linked is missing. */
function* lookAgain(job: Linking, error: SystemError): Steps<Again | undefined> {
  const { from, tries, backoff } = job
  job.missed++
  if (job.missed < tries) {
    yield* fs.sleep(backoff)
    return again
  }
  addFinding(error, `the existing name is missing, '${from}', after ${tries} ${tries === 1 ? 'try' : 'tries'}`)
  return undefined
}
