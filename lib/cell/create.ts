// The birth of a cell (../cell.ts): a directory with its first state in it is made ready, and gets the cell's name.

import { dirname } from 'node:path'
import { hasCode, isSystemError, type SystemError } from '../core/errors.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { type Again, achieve, again, type Trial } from '../parts/achieve.js'
import { tidy } from '../parts/cleanup.js'
import { type Staged, stagedDirectory } from '../parts/stage.js'
import { descends, type State, spell } from './state.js'
import { readAfter, unknownOutcome, type Verdict } from './transition.js'

/** Void becomes `to`: a directory with the token in it gets the cell's name, which fails if there is a state. */
export function* createState(dir: string, to: State, trial: Trial): Steps<Verdict> {
  return yield* stagedDirectory(
    dir,
    stage => fillAndPlace(dir, to, stage, trial),
    path => removeStage(path, to),
  )
}

function* fillAndPlace(dir: string, to: State, stage: Staged<void>, trial: Trial): Steps<Verdict> {
  const token = `${stage.path}/${spell(to)}`
  yield* makeToken(token)
  const verdict = yield* achieve(
    () => place(stage.path, dir),
    error => statCreated(dir, to, token, error, trial),
    trial,
  )
  stage.spent = verdict === 'mine'
  return verdict
}

function* makeToken(token: string): Steps<void> {
  try {
    yield* fs.close(yield* fs.open(token, 'wx'))
  } catch (error) {
    // Nobody else makes this name, so EEXIST is the echo of our own call.
    if (!hasCode(error, 'EEXIST')) throw error
  }
}

function* place(stage: string, dir: string): Steps<Verdict> {
  // Windows replaces no directory, not even an empty one.
  if (process.platform === 'win32') yield* tidy(fs.rmdir(dir))
  yield* fs.rename(stage, dir)
  return 'mine'
}

function* removeStage(stage: string, to: State): Steps<void> {
  yield* tidy(fs.unlink(`${stage}/${spell(to)}`))
  yield* fs.rmdir(stage)
}

function* statCreated(
  dir: string,
  to: State,
  token: string,
  error: SystemError,
  trial: Trial,
): Steps<Verdict | Again | undefined> {
  const now = yield* readAfter(dir, error, trial)
  if (now && descends(now, to)) return 'mine'
  // Something was in the cell, so it was not done. If it is void by now, once more.
  if (hasCode(error, 'EEXIST', 'ENOTEMPTY')) return now ? "another's" : again
  // Our token is where it was, so it was not done.
  if (yield* tokenRemains(token, dir, error)) return now ? "another's" : undefined
  // It is not, and not in the cell either: somebody took all of it away, or our state has gone far since.
  if (hasCode(error, 'ENOENT') && (yield* fs.local(dirname(dir)))) return undefined
  throw unknownOutcome(dir, error)
}

function* tokenRemains(token: string, dir: string, error: SystemError): Steps<boolean> {
  try {
    return (yield* fs.lstat(token, orNothing)) !== undefined
  } catch (another) {
    if (isSystemError(another)) throw unknownOutcome(dir, error)
    throw another
  }
}
