// The transitions of a cell (../cell.ts). Each is one rename or unlink of the exact state that it was given, so of
// several callers with one state, one succeeds. A caller whose call failed then reads the cell, to see what became of
// the state.

import { hasCode, isSystemError, type SystemError } from '../core/errors.js'
import { platform } from '../core/platform.js'
import { fs, type Steps } from '../core/steps.js'
import { type Again, achieve, again, type Trial } from '../parts/achieve.js'
import { discard, tidy } from '../parts/cleanup.js'
import { namingOnly } from '../parts/public-names.js'
import { giving, undecided } from '../parts/publish.js'
import { stageName } from '../parts/stage-names.js'
import { isLocalCell } from './local.js'
import { readState } from './read.js'
import { descends, type State, shorten, spellState } from './state.js'

export { type Content, isNotACell, notACell, readState } from './read.js'

/** Which call consumed the state: this one, or another. */
export type Verdict = 'mine' | "another's"

/** `from` becomes `to`. */
export function* advance(dir: string, from: State, to: State, trial: Trial): Steps<Verdict> {
  if (yield* tryAdvance(dir, from, to, trial)) return 'mine'
  return yield* advanceAgain(dir, from, to, trial)
}

/** The same after a try that was not seen to succeed. */
export const advanceAgain = (dir: string, from: State, to: State, trial: Trial): Steps<Verdict> =>
  achieve(
    () => consume(dir, renameState(dir, from, to), trial),
    error => statTransition(dir, from, to, error, trial),
    trial,
  )

const renameState = (dir: string, from: State, to: State): Steps<void> =>
  fs.rename(`${dir}/${spellState(from)}`, `${dir}/${spellState(to)}`)

/** The same, tried once. False: it was not done, or it was done and the reply was lost. */
export function* tryAdvance(dir: string, from: State, to: State, trial: Trial): Steps<boolean> {
  const { publication } = trial
  try {
    const call = renameState(dir, from, to)
    yield* publication ? giving(publication, dir, call, undecided) : call
    return true
  } catch (error) {
    if (!isSystemError(error)) throw error
    return hasCode(error, 'ENAMETOOLONG') && shorten(to) && (yield* tryAdvance(dir, from, to, trial))
  }
}

/** Makes the call that consumes a state. What became of it, the cell shows. */
function* consume(dir: string, call: Steps<void>, { publication }: Trial): Steps<Verdict> {
  try {
    yield* publication ? giving(publication, dir, call, undecided) : call
    return 'mine'
  } catch (error) {
    throw namingOnly(error, dir, dir)
  }
}

/**
 * Removes the state, and then its directory, which stays if a cell is created in it meanwhile. On Windows several calls may
 * all have unlinked one file, as far as they see, and so the state gets a private name first: that only one of them does.
 */
export function* clear(dir: string, from: State, trial: Trial): Steps<Verdict> {
  const state = `${dir}/${spellState(from)}`
  const at = platform.isWindows ? yield* stageName(dir) : undefined
  const verdict = yield* achieve(
    () => consume(dir, at === undefined ? fs.unlink(state) : fs.rename(state, at), trial),
    error => statTransition(dir, from, undefined, error, trial),
    trial,
  )
  if (verdict === 'mine' && at !== undefined) yield* discard(() => fs.unlink(at))
  if (verdict === 'mine') yield* tidy(fs.rmdir(dir))
  return verdict
}

/** After a call that reported an error: was `from` consumed, and by which call? */
function* statTransition(
  dir: string,
  from: State,
  to: State | undefined,
  error: SystemError,
  trial: Trial,
): Steps<Verdict | Again | undefined> {
  const now = yield* readAfterError(dir, error, trial)
  if (now && to && descends(now, to)) return 'mine'
  // The state is where it was, so nothing was done. If the error was ENOENT all the same, it came from a stale view.
  if (now?.nonce === from.nonce) return hasCode(error, 'ENOENT') ? again : undefined
  if (now && descends(now, from)) return "another's"
  // The state was consumed, and so was the one that replaced it. On a local disk ENOENT means that another call was
  // first. On a network it may also come from a retransmission of our own call, whose first reply was lost.
  if (hasCode(error, 'ENOENT') && (yield* isLocalCell(dir))) return "another's"
  throw unknownOutcome(dir, error)
}

/** Reads the state after a call that failed with `error`. If it cannot be read, the outcome of that call is unknown. */
export function* readAfterError(dir: string, error: SystemError, trial: Trial): Steps<State | undefined> {
  try {
    const now = yield* readState(dir, trial)
    return typeof now === 'string' ? undefined : now
  } catch (another) {
    if (isSystemError(another)) throw unknownOutcome(dir, error)
    throw another
  }
}

export const isUnknownOutcome = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException)?.code === 'ERR_UNKNOWN_OUTCOME'

/** The third result: it is known neither that the call changed the cell nor that it did not. */
export const unknownOutcome = (dir: string, cause: SystemError): Error =>
  Object.assign(new Error(`It cannot be known whether this call changed the cell: ${dir}`, { cause }), {
    code: 'ERR_UNKNOWN_OUTCOME',
    path: dir,
  })
