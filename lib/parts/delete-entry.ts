// Deletes one thing, as far as one call can do that: what is left is a directory with something in it.

import { hasCode, isSystemError, systemError } from '../core/errors.js'
import { type Entry, fs, orNothing, type Path, type Steps } from '../core/steps.js'

/** A thing that is to be deleted. */
export interface Doomed {
  readonly path: Path
  readonly kind: Entry['kind']
  /** The directory that it is in; undefined for the topmost. */
  readonly dir: Path | undefined
}

/**
 * Deletes what one call can delete; returns whether it is gone. A directory is removed before it is read, because only
 * that shows what is mounted there (EBUSY): nothing of a mounted filesystem is ever touched, and no other sign is
 * reliable.
 */
export function* deleteAtOnce({ path, kind, dir }: Doomed): Steps<boolean> {
  if (kind !== 'directory') {
    try {
      yield* unlocked(dir, () => orGone(path, fs.unlink(path)))
      return true
    } catch (error) {
      // Another process has put a directory there: POSIX reports EPERM, Linux EISDIR, Deno ENOTEMPTY.
      const mayBe = hasCode(error, 'EISDIR', 'EPERM', 'ENOTEMPTY')
      if (!mayBe || !(yield* fs.lstat(path, orNothing))?.isDirectory()) throw error
    }
  }
  try {
    yield* unlocked(dir, () => orGone(path, fs.rmdir(path)))
    return true
  } catch (error) {
    if (hasCode(error, 'ENOTDIR')) {
      // Another process has put a file or a link there.
      yield* orGone(path, fs.unlink(path))
      return true
    }
    if (hasCode(error, 'EBUSY')) throw mountPointError(path)
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error
    return false
  }
}

const mountPointError = (path: Path): Error =>
  systemError('EBUSY', 'rmdir', 'something is mounted there; it was not touched', path)

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
export function* unlocked<T>(dir: Path | undefined, steps: () => Steps<T>): Steps<T> {
  try {
    return yield* steps()
  } catch (error) {
    if (dir === undefined || !hasCode(error, 'EACCES')) throw error
    try {
      yield* fs.chmod(dir, 0o700)
    } catch (other) {
      if (!isSystemError(other)) throw other
      throw error
    }
    return yield* steps()
  }
}
