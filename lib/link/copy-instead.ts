import { cannotLink, hasCode } from '../core/errors.js'
import type { FileProgress } from '../core/progress.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import type { Trial } from '../parts/achieve.js'
import { duplicate, kindOf } from '../parts/duplicate.js'
import { giving, isSpent } from '../parts/publish.js'
import { type Staged, staged } from '../parts/stage.js'

interface Copying {
  readonly from: string
  readonly to: string
  readonly replace: boolean
  readonly trial: Trial
  readonly progress: FileProgress | undefined
}

/**
 * Makes a copy beside `to`, and publishes it in one step. Returns `taken` if something has the name, and `replace` is
 * not set.
 */
export const publishCopy = (job: Copying): Steps<'copied' | 'taken'> =>
  staged(
    job.to,
    path => makeCopy(job, path),
    stage => publishStage(stage, job),
  )

function* makeCopy({ from, progress }: Copying, path: string): Steps<void> {
  const was = yield* fs.lstat(from)
  if (progress && was.isFile()) progress.job.sum.totalBytes = Number(was.size)
  yield* duplicate(from, path, kindOf(was), { times: false, owner: false, synced: false }, progress)
}

function* publishStage(stage: Staged<void>, { to, replace, trial }: Copying): Steps<'copied' | 'taken'> {
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
