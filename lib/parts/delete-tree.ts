// Takes a thing away, and all that is in it. It never follows a link, never goes into what is mounted there, and does not
// mind what others do inside meanwhile.

import { hasCode, isSystemError, systemError } from '../core/errors.js'
import type { Progress } from '../core/input.js'
import { atOnce, type Entry, fs, type Outcome, orNothing, type Path, type Steps, together } from '../core/steps.js'
import { visit, within } from './tree.js'

export interface Discard {
  readonly concurrency: number
  /** Told of each thing that is gone. */
  readonly onProgress: ((progress: Progress) => unknown) | undefined
  /** What is gone, and what is known to have to go. */
  readonly sum: { done: number; total: number; bytes: number }
}

/** Below a directory that is taken away. */
interface Doomed {
  readonly path: Path
  readonly kind: Entry['kind']
  /** The directory it is in; undefined for the topmost. */
  readonly dir: Path | undefined
  /** It is known to be a directory, with something in it. */
  full: boolean
}

/** ENOTEMPTY comes out if somebody went on making things inside; it can be called again, for what is left. */
export function* discard(path: Path, kind: Entry['kind'], how: Discard): Steps<void> {
  how.sum.total++
  const top: Doomed = { path, kind, dir: undefined, full: false }
  const enter = (one: Doomed) => come(one, how)
  const leave = (one: Doomed) => go(one, how)
  yield* visit(top, { enter, leave }, how.concurrency)
}

/** Takes away what can be taken at once; answers what must be gone through. */
function* come(one: Doomed, how: Discard): Steps<readonly Doomed[]> {
  const below = (yield* lookInto(one)) ?? ((yield* isGone(one)) ? [] : yield* inside(one))
  how.sum.total += below.length
  const dirs = below.filter(({ kind }) => kind === 'directory')
  const files = dirs.length === below.length ? [] : below.filter(({ kind }) => kind !== 'directory')
  for (let at = 0; at < files.length; at += how.concurrency)
    dirs.push(...(yield* unlinked(files.slice(at, at + how.concurrency), how)))
  return dirs
}

function* go(one: Doomed, how: Discard): Steps<void> {
  if (one.full) yield* unlocked(one.dir, () => gone(one.path, fs.rmdir(one.path)))
  yield* count(1, how)
}

function* count(more: number, { sum, onProgress }: Discard): Steps<void> {
  sum.done += more
  if (onProgress) yield* fs.settle(onProgress({ ...sum }))
}

/** Most of a tree is files, so they are taken in handfuls. Answers what is a directory after all. */
function* unlinked(files: readonly Doomed[], how: Discard): Steps<readonly Doomed[]> {
  // Taking away is never interrupted, because mostly it tidies up. Here it is the work, so it is asked before.
  yield* fs.now()
  const outcomes = yield* atOnce(files.map(({ path }) => ({ op: 'unlink', args: [path] })))
  const others = files.filter((_, at) => 'error' in (outcomes[at] as Outcome<unknown>))
  if (files.length > others.length) yield* count(files.length - others.length, how)
  return others
}

/** Mostly a directory has something in it: then one wave of calls tells that nothing is mounted there, and what it is. */
function* lookInto(one: Doomed): Steps<readonly Doomed[] | undefined> {
  if (one.kind !== 'directory') return undefined
  const [taken, listed] = (yield* together<unknown>([fs.rmdir(one.path), fs.list(one.path)])) as [
    Outcome<void>,
    Outcome<Entry[]>,
  ]
  if (!('error' in taken)) return []
  one.full = hasCode(taken.error, 'ENOTEMPTY', 'EEXIST')
  return one.full && 'value' in listed ? belowOf(one, listed.value) : undefined
}

/**
 * Takes it away, if that is one call. A directory is tried before it is read, because that tells what is mounted there
 * (EBUSY): nothing of that is ever touched, and no other sign of it is sure.
 */
function* isGone(one: Doomed): Steps<boolean> {
  const { path, dir } = one
  if (one.kind !== 'directory') {
    try {
      yield* unlocked(dir, () => gone(path, fs.unlink(path)))
      return true
    } catch (error) {
      // POSIX says EPERM of a directory, Linux EISDIR: somebody has put one there.
      if (!hasCode(error, 'EISDIR', 'EPERM') || !(yield* fs.lstat(path, orNothing))?.isDirectory()) throw error
    }
  }
  try {
    yield* unlocked(dir, () => gone(path, fs.rmdir(path)))
    return true
  } catch (error) {
    if (hasCode(error, 'ENOTDIR')) {
      // Somebody has put a file or a link there.
      yield* gone(path, fs.unlink(path))
      return true
    }
    if (hasCode(error, 'EBUSY')) throw isMounted(path)
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error
    one.full = true
    return false
  }
}

const isMounted = (path: Path): Error =>
  systemError('EBUSY', 'rmdir', 'something is mounted there; it was not touched', path)

function* inside(one: Doomed): Steps<readonly Doomed[]> {
  const { path } = one
  let entries: readonly Entry[] = []
  yield* unlocked(path, () =>
    gone(
      path,
      (function* () {
        entries = yield* fs.list(path)
      })(),
    ),
  )
  return belowOf(one, entries)
}

const belowOf = ({ path }: Doomed, entries: readonly Entry[]): Doomed[] =>
  entries.map(entry => ({ path: within(path, entry), kind: entry.kind, dir: path, full: false }))

/** Whether we took it away or somebody else did. */
export function* gone(path: Path, call: Steps<void>): Steps<void> {
  try {
    yield* call
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return
    // These say what is there.
    const told = hasCode(error, 'EISDIR', 'EPERM', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST', 'EBUSY', 'EACCES')
    if (told || !isSystemError(error) || (yield* isThere(path))) throw error
  }
}

/** What cannot be seen may be there. */
function* isThere(path: Path): Steps<boolean> {
  try {
    return (yield* fs.lstat(path, orNothing)) !== undefined
  } catch (error) {
    if (!isSystemError(error)) throw error
    return true
  }
}

/** A directory of ours that forbids its owner to change it does not keep him from that. */
function* unlocked(dir: Path | undefined, steps: () => Steps<void>): Steps<void> {
  try {
    yield* steps()
  } catch (error) {
    if (dir === undefined || !hasCode(error, 'EACCES')) throw error
    try {
      yield* fs.chmod(dir, 0o700)
    } catch (other) {
      if (!isSystemError(other)) throw other
      throw error
    }
    yield* steps()
  }
}
