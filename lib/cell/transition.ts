// The transitions of a cell (../cell.ts). Each is one rename or unlink that consumes the very state it was given, so of
// several callers one succeeds. The others, and whoever is told of an error, look at where the state has gone.

import { dirname } from 'node:path'
import { hasCode, isSystemError, type SystemError, systemError } from '../core/errors.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { type Again, achieve, again, type Trial } from '../parts/achieve.js'
import { tidy } from '../parts/cleanup.js'
import { descends, parse, type State, spell } from './state.js'

/** Did this call consume the state, or another? */
export type Verdict = 'mine' | "another's"

/** The state; `absent`: there is not even a directory. */
export function* readState(dir: string, trial: Trial): Steps<State | 'void' | 'absent'> {
  try {
    // Mostly it is one call, and what stands around it would cost as much again.
    return yield* listCertainly(dir)
  } catch (error) {
    if (!isSystemError(error)) throw error
  }
  return yield* achieve(
    () => listCertainly(dir),
    error => refuseNoCell(dir, error),
    trial,
  )
}

function* listState(dir: string): Steps<State | 'void' | 'absent'> {
  let names: string[]
  try {
    names = yield* fs.readdir(dir)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 'absent'
    throw error
  }
  const states = names.flatMap(name => parse(name) ?? [])
  // What systems put into directories (.nfs..., .DS_Store) is no matter.
  const foreign = names.find(name => !name.startsWith('.') && !parse(name))
  if (foreign !== undefined) throw notACell(dir, `something named ${JSON.stringify(foreign)} is in it`)
  // Seen in the middle of a rename, as some network filesystems show it: never guess.
  if (states.length > 1) throw systemError('EAGAIN', 'readdir', 'it shows two states', dir)
  return states[0] ?? 'void'
}

/** Milliseconds, more than the clock of any filesystem stands still. */
const tickMs = 20
/** The first time it is enough to look again: mostly it was that. */
const quickLooks = 1
const mostLooks = 100

/**
 * A directory that looks empty may not be: btrfs shows what was there when it was opened, and if that was renamed before it
 * was read, there is nothing to be shown. It is looked at again; and then nothing must have changed there for a while.
 */
function* listCertainly(dir: string): Steps<State | 'void' | 'absent'> {
  let now = yield* listState(dir)
  for (let looks = 0; now === 'void' && looks < mostLooks; looks++) {
    const was = looks < quickLooks ? undefined : yield* mtimeOf(dir)
    if (was !== undefined) yield* fs.sleep(tickMs)
    now = yield* listState(dir)
    if (was !== undefined && was === (yield* mtimeOf(dir))) return now
  }
  if (now === 'void') throw systemError('EAGAIN', 'readdir', 'it goes on changing, and shows nothing', dir)
  return now
}

function* mtimeOf(dir: string): Steps<bigint> {
  return (yield* fs.stat(dir, orNothing))?.mtimeNs ?? -1n
}

function* refuseNoCell(dir: string, error: SystemError): Steps<undefined> {
  if (!hasCode(error, 'ENOTDIR')) return undefined
  const there = yield* fs.lstat(dir, orNothing)
  if (there && !there.isDirectory()) throw notACell(dir, 'it is no directory', error)
  return undefined
}

/** Another package's lock, most likely: it is not ours to touch. */
export function notACell(dir: string, why: string, cause?: unknown): Error {
  const error = new Error(`This is no cell of holdfast: ${why}: ${dir}`, cause === undefined ? {} : { cause })
  return Object.assign(error, { code: 'ERR_NOT_A_CELL', path: dir })
}

/** `from` becomes `to`. */
export function* advance(dir: string, from: State, to: State, trial: Trial): Steps<Verdict> {
  if (yield* tryAdvance(dir, from, to)) return 'mine'
  return yield* achieve(
    () => renameState(dir, from, to),
    error => statTransition(dir, from, to, error, trial),
    trial,
  )
}

/** The same, tried once. False: it was not done, or it was and the reply was lost. */
export function* tryAdvance(dir: string, from: State, to: State): Steps<boolean> {
  try {
    yield* renameState(dir, from, to)
    return true
  } catch (error) {
    if (!isSystemError(error)) throw error
    return false
  }
}

function* renameState(dir: string, from: State, to: State): Steps<Verdict> {
  yield* fs.rename(`${dir}/${spell(from)}`, `${dir}/${spell(to)}`)
  return 'mine'
}

/** A tombstone goes, and its directory with it. A create that lands between is safe: the directory is not empty then. */
export function* clear(dir: string, from: State, trial: Trial): Steps<Verdict> {
  const verdict = yield* achieve(
    () => unlinkState(dir, from),
    error => statTransition(dir, from, undefined, error, trial),
    trial,
  )
  if (verdict === 'mine') yield* tidy(fs.rmdir(dir))
  return verdict
}

function* unlinkState(dir: string, from: State): Steps<Verdict> {
  yield* fs.unlink(`${dir}/${spell(from)}`)
  return 'mine'
}

/** Looks after an error: where is what it was about? */
function* statTransition(
  dir: string,
  from: State,
  to: State | undefined,
  error: SystemError,
  trial: Trial,
): Steps<Verdict | Again | undefined> {
  const now = yield* readAfter(dir, error, trial)
  if (now && to && descends(now, to)) return 'mine'
  // It is where it was: not done. ENOENT beside it is a stale view of the directory.
  if (now?.nonce === from.nonce) return hasCode(error, 'ENOENT') ? again : undefined
  if (now && descends(now, from)) return "another's"
  // What came of it has itself been consumed. On this machine's own disks ENOENT is the truth; a reply that was lost on
  // a network is asked for again, and then ENOENT may be the echo of our own deed.
  if (hasCode(error, 'ENOENT') && (yield* fs.local(dirname(dir)))) return "another's"
  throw unknownOutcome(dir, error)
}

export function* readAfter(dir: string, error: SystemError, trial: Trial): Steps<State | undefined> {
  try {
    const now = yield* readState(dir, trial)
    return typeof now === 'string' ? undefined : now
  } catch (another) {
    if (isSystemError(another)) throw unknownOutcome(dir, error)
    throw another
  }
}

/** The third answer: neither that it was done nor that it was not. */
export const unknownOutcome = (dir: string, cause: SystemError): Error =>
  Object.assign(new Error(`Whether this call changed the cell cannot be known: ${dir}`, { cause }), {
    code: 'ERR_UNKNOWN_OUTCOME',
    path: dir,
  })
