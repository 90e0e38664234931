// Deletes one thing in a directory, as far as one call can do that: what is left is a directory with something in it.

import { rescued } from '../core/around.js'
import { hasCode, isSystemError, systemError } from '../core/errors.js'
import { platform } from '../core/platform.js'
import type { Stats } from '../core/stats.js'
import { type Entry, fs, type Outcome, orNothing, type Path, type Steps, together } from '../core/steps.js'
import { done } from './achieve.js'
import { cleaningUp } from './cleanup.js'
import { isReadOnly, makeReadOnly } from './denied.js'
import { isStillThere } from './directory-gone.js'
import {
  asOpened,
  assertUnmoved,
  close,
  movedError,
  type OpenDirectory,
  openDirectory,
  openingCall,
  pathIn,
  pathTo,
} from './directory-handle.js'
import { findMounted } from './mount.js'

/** The path of an entry; without a directory, its name is a path. */
export const pathOf = (entry: Entry, above: OpenDirectory | undefined): Path =>
  above ? pathIn(above, entry) : entry.name

/**
 * Deletes what one call can delete. Returns the directory if that has something in it; or whether it was this call that
 * deleted it, and no other. In the usual case, one wave of calls shows that nothing is mounted there (rmdir reports
 * ENOTEMPTY), and opens it.
 */
export function* deleteOrOpen(
  entry: Entry,
  above: OpenDirectory | undefined,
  shown: Path,
): Steps<OpenDirectory | boolean> {
  if (above && !(yield* isStillThere(above))) return false
  const path = pathOf(entry, above)
  if (entry.kind === 'directory') {
    const [removed, opened] = (yield* together<unknown>([fs.rmdir(path), openingCall(path, above)])) as [
      Outcome<void>,
      Outcome<number | Stats>,
    ]
    const dir = 'value' in opened ? asOpened(opened.value, path, shown) : undefined
    if (dir && 'error' in removed && hasCode(removed.error, 'ENOTEMPTY', 'EEXIST')) return dir
    if (dir) yield* close(dir)
    if (!('error' in removed)) return true
  }
  const deleted = yield* deleteAtOnce(entry, path, above)
  return deleted ?? (yield* openOrGone(path, shown, above))
}

/** Opens a directory; returns false if it is gone. */
export function* openOrGone(path: Path, shown: Path, above?: OpenDirectory): Steps<OpenDirectory | false> {
  try {
    return (yield* orGone(path, openDirectory(path, shown, above))) ?? false
  } catch (error) {
    // Something that is no directory has taken its place.
    if (hasCode(error, 'ENOTDIR', 'ELOOP')) throw movedError(shown)
    throw error
  }
}

/**
 * Deletes what one call can delete; returns whether this call did, or undefined if it is still there. A directory is
 * removed before it is entered, because only that shows what is mounted there (EBUSY): nothing of a mounted filesystem is
 * ever touched, and no other sign is reliable.
 */
function* deleteAtOnce({ kind }: Entry, path: Path, above: OpenDirectory | undefined): Steps<boolean | undefined> {
  if (kind !== 'directory') {
    try {
      return yield* unlocked(above, () => deletesNow(path, unlink(path)))
    } catch (error) {
      // Another process has put a directory there: POSIX reports EPERM, Linux EISDIR, Deno ENOTEMPTY.
      yield* findMounted(error, path)
      const mayBe = hasCode(error, 'EISDIR', 'EPERM', 'ENOTEMPTY')
      if (!mayBe || !(yield* fs.lstat(path, orNothing))?.isDirectory()) throw error
    }
  }
  try {
    return yield* unlocked(above, () => deletesNow(path, rmdir(path)))
  } catch (error) {
    if (hasCode(error, 'ENOTDIR')) {
      // Another process has put a file or a link there.
      return yield* deletesNow(path, unlink(path))
    }
    yield* findMounted(error, path)
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error
    return undefined
  }
}

/** Some systems like Windows refuse to remove what is read-only. */
const unlink = (path: Path): Steps<void> =>
  platform.isWindows
    ? rescued(
        () => fs.unlink(path),
        error => unlinkReadOnly(path, error),
      )
    : fs.unlink(path)

function* unlinkReadOnly(path: Path, error: unknown): Steps<void> {
  if (!hasCode(error, 'EPERM')) throw error
  const there = yield* fs.lstat(path, orNothing)
  if (!there?.isFile() || !isReadOnly(there)) throw error
  yield* fs.chmod(path, 0o666)
  try {
    yield* fs.unlink(path)
  } catch (failure) {
    yield* cleaningUp(() => makeReadOnly([{ path, was: there }]))
    throw failure
  }
}

/** Windows reports ENOENT of what is no directory. */
const rmdir = (path: Path): Steps<void> =>
  platform.isWindows
    ? rescued(
        () => fs.rmdir(path),
        error => asNoDirectory(path, error),
      )
    : fs.rmdir(path)

function* asNoDirectory(path: Path, error: unknown): Steps<never> {
  const isThere = hasCode(error, 'ENOENT') && (yield* fs.lstat(path, orNothing))
  throw isThere ? systemError('ENOTDIR', 'rmdir', 'it is no directory', path) : error
}

/** Makes the call that deletes; returns whether it did, or false if nothing was there any more. */
export function* deletesNow(path: Path, call: Steps<void>): Steps<boolean> {
  return (yield* orGone(path, done(call, true))) ?? false
}

/** Makes a call about a name; returns undefined if nothing has that name, whichever process removed it. */
export function* orGone<T>(path: Path, call: Steps<T>): Steps<T | undefined> {
  try {
    return yield* call
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    const provesPresence = hasCode(error, 'EISDIR', 'EPERM', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST', 'EBUSY', 'EACCES')
    if (provesPresence || !isSystemError(error) || (yield* mayBeThere(path))) throw error
    return undefined
  }
}

/** What cannot be read may be there. */
function* mayBeThere(path: Path): Steps<boolean> {
  try {
    return (yield* fs.lstat(path, orNothing)) !== undefined
  } catch (error) {
    if (!isSystemError(error)) throw error
    return true
  }
}

/** A directory of the caller's own that forbids its owner to change it is made writable, and the steps run again. */
export function* unlocked<T>(dir: OpenDirectory | undefined, steps: () => Steps<T>): Steps<T> {
  try {
    return yield* steps()
  } catch (error) {
    if (dir === undefined || !hasCode(error, 'EACCES')) throw error
    try {
      yield* assertUnmoved(dir)
      yield* fs.chmod(pathTo(dir), 0o700)
    } catch (other) {
      if (!isSystemError(other)) throw other
      throw error
    }
    return yield* steps()
  }
}
