// Where nothing can be linked, a copy may be enough.

import { cannotLink, hasCode } from '../core/errors.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { duplicate, kindOf } from '../parts/duplicate.js'
import { withParents } from '../parts/parents.js'
import { giving, isSpent } from '../parts/publish.js'
import { statLink } from '../parts/same-content.js'
import { type Staged, staged } from '../parts/stage.js'
import type { Linked, Linking } from './job.js'

/** After a link that failed: makes a copy, if the caller allows that, and if nothing can be linked here. */
export function* copyInstead(job: Linking, error: unknown): Steps<Linked> {
  const { from, to, parents } = job
  if (!job.copies || !cannotLink(error) || (yield* fs.lstat(from)).isDirectory()) throw error
  if ((yield* statLink(from, to, true)) === 'alike') return 'already'
  if ((yield* withParents(to, parents, () => publishCopy(job), from)) === 'copied') return 'copied'
  job.taken = true
  throw error
}

/**
 * Makes a copy beside `to`, and publishes it in one step. Returns `taken` if something has the name, and `replace` is
 * not set.
 */
const publishCopy = (job: Linking): Steps<'copied' | 'taken'> =>
  staged(
    job.to,
    path => makeCopy(job, path),
    stage => publishStage(stage, job),
  )

function* makeCopy({ from, progress }: Linking, path: string): Steps<void> {
  const was = yield* fs.lstat(from)
  if (progress && was.isFile()) progress.job.sum.totalBytes = Number(was.size)
  yield* duplicate(from, path, kindOf(was), { times: false, owner: false, synced: false }, progress)
}

/** Gives what is at a private name beside `to` that name. */
export function* publishStage(
  stage: Staged<unknown>,
  { to, replace, trial }: Pick<Linking, 'to' | 'replace' | 'trial'>,
): Steps<'copied' | 'taken'> {
  const { publication } = trial
  if (!replace) {
    try {
      // Within one directory, a link may be possible all the same.
      yield* giving(publication, to, fs.link(stage.path, to))
      return 'copied'
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return 'taken'
      if (!cannotLink(error)) throw error
      // On this filesystem no name can be claimed: this look is the weaker promise that the doc comment of `link`
      // describes.
      if (yield* fs.lstat(to, orNothing)) return 'taken'
    }
  }
  yield* giving(publication, to, fs.rename(stage.path, to), () => isSpent(stage.path))
  stage.spent = true
  return 'copied'
}
