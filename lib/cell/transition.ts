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
export function* look(dir: string, trial: Trial): Steps<State | 'void' | 'absent'> {
  try {
    // Mostly it is one call, and what stands around it would cost as much again.
    return yield* certain(dir)
  } catch (error) {
    if (!isSystemError(error)) throw error
  }
  return yield* achieve(
    () => certain(dir),
    error => noCell(dir, error),
    trial,
  )
}

function* seen(dir: string): Steps<State | 'void' | 'absent'> {
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
function* certain(dir: string): Steps<State | 'void' | 'absent'> {
  let now = yield* seen(dir)
  for (let looks = 0; now === 'void' && looks < mostLooks; looks++) {
    const was = looks < quickLooks ? undefined : yield* changeOf(dir)
    if (was !== undefined) yield* fs.sleep(tickMs)
    now = yield* seen(dir)
    if (was !== undefined && was === (yield* changeOf(dir))) return now
  }
  if (now === 'void') throw systemError('EAGAIN', 'readdir', 'it goes on changing, and shows nothing', dir)
  return now
}

function* changeOf(dir: string): Steps<bigint> {
  return (yield* fs.stat(dir, orNothing))?.mtimeNs ?? -1n
}

function* noCell(dir: string, error: SystemError): Steps<undefined> {
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
  if (yield* leap(dir, from, to)) return 'mine'
  return yield* achieve(
    () => renamed(dir, from, to),
    error => judge(dir, from, to, error, trial),
    trial,
  )
}

/** The same, tried once. False: it was not done, or it was and the reply was lost. */
export function* leap(dir: string, from: State, to: State): Steps<boolean> {
  try {
    yield* renamed(dir, from, to)
    return true
  } catch (error) {
    if (!isSystemError(error)) throw error
    return false
  }
}

function* renamed(dir: string, from: State, to: State): Steps<Verdict> {
  yield* fs.rename(`${dir}/${spell(from)}`, `${dir}/${spell(to)}`)
  return 'mine'
}

/** A tombstone goes, and its directory with it. A create that lands between is safe: the directory is not empty then. */
export function* bury(dir: string, from: State, trial: Trial): Steps<Verdict> {
  const verdict = yield* achieve(
    () => unlinked(dir, from),
    error => judge(dir, from, undefined, error, trial),
    trial,
  )
  if (verdict === 'mine') yield* tidy(fs.rmdir(dir))
  return verdict
}

function* unlinked(dir: string, from: State): Steps<Verdict> {
  yield* fs.unlink(`${dir}/${spell(from)}`)
  return 'mine'
}

/** Looks after an error: where is what it was about? */
function* judge(
  dir: string,
  from: State,
  to: State | undefined,
  error: SystemError,
  trial: Trial,
): Steps<Verdict | Again | undefined> {
  const now = yield* lookAfter(dir, error, trial)
  if (now && to && descends(now, to)) return 'mine'
  // It is where it was: not done. ENOENT beside it is a stale view of the directory.
  if (now?.nonce === from.nonce) return hasCode(error, 'ENOENT') ? again : undefined
  if (now && descends(now, from)) return "another's"
  // What came of it has itself been consumed. On this machine's own disks ENOENT is the truth; a reply that was lost on
  // a network is asked for again, and then ENOENT may be the echo of our own deed.
  if (hasCode(error, 'ENOENT') && (yield* fs.local(dirname(dir)))) return "another's"
  throw unknownOutcome(dir, error)
}

export function* lookAfter(dir: string, error: SystemError, trial: Trial): Steps<State | undefined> {
  try {
    const now = yield* look(dir, trial)
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
