// What is in a cell (../cell.ts).
//
// A cell that looks empty is read again, because it may not be empty. On btrfs a listing shows the names that were in
// the directory when it was opened; a name that is renamed before the listing comes to it is not shown at all, neither
// the old nor the new one. A cell has only one name in it, so next to a process that renames in a loop about 1 listing
// in 100 shows nothing. Therefore no single empty listing is believed: nothing must have changed in the directory
// around it.

import { hasCode, isSystemError, type SystemError, systemError } from '../core/errors.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { achieve, type Trial } from '../parts/achieve.js'
import { descends, parseState, type State } from './state.js'

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
  let content = yield* listOne(dir)
  // A second listing at once usually shows the state that the first has missed.
  if (content === 'void') content = yield* listOne(dir)
  for (let listings = 2; content === 'void' && listings <= mostListings; listings++) {
    const before = yield* readMtime(dir)
    yield* fs.sleep(tickMs)
    content = yield* listOne(dir)
    if ((yield* readMtime(dir)) === before) return content
  }
  if (content === 'void') throw systemError('EAGAIN', 'readdir', 'it goes on changing, and looks empty each time', dir)
  return content
}

function* listOne(dir: string): Steps<Content> {
  const content = yield* listOnce(dir)
  return content === 'twins' ? yield* listUntilOne(dir) : content
}

function* listOnce(dir: string): Steps<Content | 'twins'> {
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
  if (states.length > 1) return refuseTwins(dir, states)
  return states[0] ?? 'void'
}

/** Milliseconds for which a filesystem may show both names of one rename. */
const twinsForMs = 1000

/** Some network filesystems show both names in the middle of a rename. Which one is the state must not be guessed. */
function refuseTwins(dir: string, states: readonly State[]): 'twins' {
  const isOneRename = states.every(one => states.every(other => descends(one, other) || descends(other, one)))
  if (isOneRename) return 'twins'
  throw notACell(dir, `two states are in it, as after a merge of two directories: ${whatHelps}`)
}

const whatHelps = 'remove the directory, or all but one of them, while no process uses it'

/** Lists a cell again until it does not look as if in the middle of a rename. */
function* listUntilOne(dir: string): Steps<Content> {
  for (let waitedMs = 0; waitedMs < twinsForMs; waitedMs += tickMs) {
    yield* fs.sleep(tickMs)
    const content = yield* listOnce(dir)
    if (content !== 'twins') return content
  }
  throw notACell(dir, `two states are in it, one of them of the past: ${whatHelps}`)
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

export const isNotACell = (error: unknown): boolean => (error as NodeJS.ErrnoException)?.code === 'ERR_NOT_A_CELL'
