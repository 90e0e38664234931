// Creates a cell (../cell.ts): a directory with the first state in it is made ready at a private name, and renamed to
// the cell's name.

import { hasCode, isSystemError, mayBeOpen, type SystemError } from '../core/errors.js'
import { platform } from '../core/platform.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { type Again, achieve, again, type Trial } from '../parts/achieve.js'
import { tidy } from '../parts/cleanup.js'
import { namingOnly } from '../parts/public-names.js'
import { giving, undecided } from '../parts/publish.js'
import { renameDirectory } from '../parts/rename-directory.js'
import { closing, type Staged, stagedDirectory } from '../parts/stage.js'
import { isLocalCell } from './local.js'
import { descends, type State, spellState } from './state.js'
import { readAfterError, unknownOutcome, type Verdict } from './transition.js'

/** To whom a file is given; -1: as it is. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/**
 * Void becomes `to`. The rename replaces an empty directory at most, so it fails if there is a state. `prepare` gets the
 * private directory, before anything is in it, and returns who is to own what comes in.
 */
export function* createState(
  dir: string,
  to: State,
  trial: Trial,
  prepare?: (path: string) => Steps<Owner | undefined>,
): Steps<Verdict> {
  return yield* stagedDirectory(
    dir,
    function* (stage) {
      const owner = prepare && (yield* prepare(stage.path))
      return yield* fillAndPlace(dir, to, owner, stage, trial)
    },
    path => removeUnused(path, to),
  )
}

function* fillAndPlace(
  dir: string,
  to: State,
  owner: Owner | undefined,
  stage: Staged<void>,
  trial: Trial,
): Steps<Verdict> {
  const token = `${stage.path}/${spellState(to)}`
  yield* makeToken(token, stage.path, owner)
  const verdict = yield* achieve(
    () => renameStage(stage.path, dir, trial),
    error => statCreated(dir, to, token, error, trial),
    trial,
  )
  stage.spent = verdict === 'mine'
  return verdict
}

function* makeToken(token: string, dir: string, owner: Owner | undefined): Steps<void> {
  try {
    const fd = yield* fs.open(token, 'wx')
    if (owner) yield* closing(fd, () => tidy(fs.fchown(fd, owner.uid, owner.gid)))
    else yield* fs.close(fd)
  } catch (error) {
    // No other process makes this name, so EEXIST comes from a retransmission of our own call.
    if (!hasCode(error, 'EEXIST')) throw namingOnly(error, dir, dir)
  }
}

function* renameStage(stage: string, dir: string, { publication }: Trial): Steps<Verdict> {
  // On Windows a rename replaces no directory, not even an empty one.
  if (platform.isWindows) yield* tidy(fs.rmdir(dir))
  yield* giving(publication, dir, renameDirectory(stage, dir), undecided)
  return 'mine'
}

function* removeUnused(stage: string, to: State): Steps<void> {
  // What calls this tries again if the directory is not empty then.
  yield* tidy(fs.unlink(`${stage}/${spellState(to)}`))
  yield* fs.rmdir(stage)
}

/** After a rename that reported an error: is the cell's state `to`, or one that came of it, or another's? */
function* statCreated(
  dir: string,
  to: State,
  token: string,
  error: SystemError,
  trial: Trial,
): Steps<Verdict | Again | undefined> {
  const now = yield* readAfterError(dir, error, trial)
  if (now && descends(now, to)) return 'mine'
  // Something was in the cell, so it was not created here. If the cell is void meanwhile, try again.
  if (hasCode(error, 'EEXIST', 'ENOTEMPTY')) return now ? "another's" : again
  // The token is still in the private directory, so that was not renamed.
  if (yield* isStaged(token, dir, error)) {
    if (now) return "another's"
    // On Windows the token, or an empty directory in the way, is open elsewhere, or that directory is being removed. The
    // right to make names is not missing, because the private directory was made.
    return mayBeOpen(error) ? again : undefined
  }
  // It is neither there nor in the cell: the private directory was removed, or the cell has moved on by many states. On
  // a local disk ENOENT is never the reply to a second transmission, so it means the former.
  if (hasCode(error, 'ENOENT') && (yield* isLocalCell(dir))) return undefined
  throw unknownOutcome(dir, error)
}

function* isStaged(token: string, dir: string, error: SystemError): Steps<boolean> {
  try {
    return (yield* fs.lstat(token, orNothing)) !== undefined
  } catch (another) {
    if (isSystemError(another)) throw unknownOutcome(dir, error)
    throw another
  }
}
