// The transitions of a cell (../cell.ts). Each is one rename or unlink of the exact state that it was given, so of
// several callers with one state, one succeeds. A caller whose call failed then reads the cell, to see what became of
// the state.
//
// A cell that looks empty is read again, because it may not be empty. On btrfs a listing shows the names that were in
// the directory when it was opened; a name that is renamed before the listing comes to it is not shown at all, neither
// the old nor the new one. A cell has only one name in it, so next to a process that renames in a loop about 1 listing
// in 100 shows nothing. Therefore no single empty listing is believed: nothing must have changed in the directory
// around it.

import { hasCode, isSystemError, type SystemError, systemError } from '../core/errors.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { type Again, achieve, again, type Trial } from '../parts/achieve.js'
import { tidy } from '../parts/cleanup.js'
import { namingOnly } from '../parts/public-names.js'
import { giving, undecided } from '../parts/publish.js'
import { isLocalCell } from './local.js'
import { descends, parseState, type State, spellState } from './state.js'

/** Which call consumed the state: this one, or another. */
export type Verdict = 'mine' | "another's"

/** What is in a cell. `void`: an empty directory; `absent`: there is no directory. */
export type Content = State | 'void' | 'absent'

/** Reads what is in a cell, and retries what waiting can cure. */
export function* readState(dir: string, trial: Trial): Steps<Content> {
  try {
    // Usually one listing is enough, and `achieve` around it would cost as much again.
    return yield* listUntilSure(dir)
  } catch (error) {
    if (!isSystemError(error)) throw error
  }
  return yield* achieve(
    () => listUntilSure(dir),
    error => refuseNoDirectory(dir, error),
    trial,
  )
}

/** Milliseconds: longer than the clock of btrfs stands still, so a change meanwhile shows in the directory's mtime. */
const tickMs = 20
const mostListings = 100

/** Lists a cell, and lists it again while it looks empty, until it is certain that it was. */
function* listUntilSure(dir: string): Steps<Content> {
  let content = yield* listOnce(dir)
  // A second listing at once usually shows the state that the first has missed.
  if (content === 'void') content = yield* listOnce(dir)
  for (let listings = 2; content === 'void' && listings <= mostListings; listings++) {
    const before = yield* readMtime(dir)
    yield* fs.sleep(tickMs)
    content = yield* listOnce(dir)
    if ((yield* readMtime(dir)) === before) return content
  }
  if (content === 'void') throw systemError('EAGAIN', 'readdir', 'it goes on changing, and looks empty each time', dir)
  return content
}

function* listOnce(dir: string): Steps<Content> {
  let names: string[]
  try {
    names = yield* fs.readdir(dir)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 'absent'
    throw error
  }
  const states = names.flatMap(name => parseState(name) ?? [])
  // Hidden names are ignored, because systems put such files into directories (.nfs..., .DS_Store).
  const foreign = names.find(name => !name.startsWith('.') && !parseState(name))
  if (foreign !== undefined) throw notACell(dir, `something named ${JSON.stringify(foreign)} is in it`)
  // Some network filesystems show both names in the middle of a rename. Which one is the state must not be guessed.
  if (states.length > 1) throw systemError('EAGAIN', 'readdir', 'two states are in it', dir)
  return states[0] ?? 'void'
}

function* readMtime(dir: string): Steps<bigint> {
  return (yield* fs.stat(dir, orNothing))?.mtimeNs ?? -1n
}

function* refuseNoDirectory(dir: string, error: SystemError): Steps<undefined> {
  if (!hasCode(error, 'ENOTDIR')) return undefined
  const there = yield* fs.lstat(dir, orNothing)
  if (there && !there.isDirectory()) throw notACell(dir, 'it is not a directory', error)
  return undefined
}

/** What is there is not ours to touch: most likely another package's lock. */
export function notACell(dir: string, why: string, cause?: unknown): Error {
  const error = new Error(`This is not a holdfast cell: ${why}: ${dir}`, cause === undefined ? {} : { cause })
  return Object.assign(error, { code: 'ERR_NOT_A_CELL', path: dir })
}

/** `from` becomes `to`. */
export function* advance(dir: string, from: State, to: State, trial: Trial): Steps<Verdict> {
  if (yield* tryAdvance(dir, from, to, trial)) return 'mine'
  return yield* achieve(
    () => consume(dir, fs.rename(`${dir}/${spellState(from)}`, `${dir}/${spellState(to)}`), trial),
    error => statTransition(dir, from, to, error, trial),
    trial,
  )
}

/** The same, tried once. False: it was not done, or it was done and the reply was lost. */
export function* tryAdvance(dir: string, from: State, to: State, trial: Trial): Steps<boolean> {
  try {
    yield* consume(dir, fs.rename(`${dir}/${spellState(from)}`, `${dir}/${spellState(to)}`), trial)
    return true
  } catch (error) {
    if (!isSystemError(error)) throw error
    return false
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

/** Removes the state, and then its directory, which stays if a cell is created in it meanwhile. */
export function* clear(dir: string, from: State, trial: Trial): Steps<Verdict> {
  const verdict = yield* achieve(
    () => consume(dir, fs.unlink(`${dir}/${spellState(from)}`), trial),
    error => statTransition(dir, from, undefined, error, trial),
    trial,
  )
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
