// A directory that is open, while a call works on what is in it. A path may lead elsewhere at any moment, because another
// process can put a link in the place of a directory: so the names below are looked up in the directory that was opened,
// and never by its path.
//
// Node has no `openat`. On Linux, `/proc/self/fd/<fd>/<name>` is looked up in the open directory itself, and such a path
// is short, however deep the directory is. Elsewhere, and where /proc is missing or Node's permission model refuses
// such paths, names are looked up by path, and the inode is compared before each use: a swap between the two goes
// unnoticed.

import { hasCode, type SystemError, systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { type Entry, fs, type Outcome, type Path, type Steps, together, unwrap } from '../core/steps.js'
import { tidy } from './cleanup.js'
import { findEnd, withoutSlash } from './follow-links.js'
import { sameInode } from './identity.js'
import { namingDirectory, namingPublicly } from './public-names.js'
import { childPath } from './tree.js'

export interface OpenDirectory {
  /** The path by which it was opened. */
  readonly path: Path
  /** The path by which the caller knows it, for errors. */
  readonly shown: Path
  /** Undefined while it is closed, and where directories are found by path. */
  fd: number | undefined
  /** Its inode, as far as that is needed to find it again. */
  was: Stats | undefined
}

const descriptors = '/proc/self/fd'

/** May this process use paths of /proc? */
export function mayUseDescriptors(): boolean {
  if (process.platform !== 'linux') return false
  const { permission } = process as { permission?: { has(scope: string, reference: string): boolean } }
  return !permission || (permission.has('fs.read', descriptors) && permission.has('fs.write', descriptors))
}

/** A path that leads to the directory. */
export const pathTo = ({ path, fd }: OpenDirectory): string | Path => (fd === undefined ? path : `${descriptors}/${fd}`)

/** The path of a name in the directory. */
export const pathIn = (dir: OpenDirectory, entry: Entry): Path => childPath(pathTo(dir), entry)

/**
 * The one call that opens a directory in `above`, or looks at it where directories are found by path. Links are not
 * followed.
 */
export const openingCall = (path: Path, above?: OpenDirectory): Steps<number | Stats> =>
  (above ? above.fd !== undefined : mayUseDescriptors()) ? fs.open(path, 'r directory') : fs.lstat(path)

/** The directory that `openingCall` has opened; undefined if it saw something else. */
export function asOpened(got: number | Stats, path: Path, shown: Path): OpenDirectory | undefined {
  if (typeof got === 'number') return { path, shown, fd: got, was: undefined }
  return got.isDirectory() ? { path, shown, fd: undefined, was: got } : undefined
}

export function* openDirectory(path: Path, shown: Path, above?: OpenDirectory): Steps<OpenDirectory> {
  const dir = asOpened(yield* openingCall(path, above), path, shown)
  if (!dir) throw systemError('ENOTDIR', 'open', 'it is no directory', shown)
  return dir
}

/** Opens a directory, or the one that a link leads to, unless another user may have planted that (./follow-links.ts).
 * `like` says whether names are looked up by descriptors. */
export function* openFollowing(path: string, like?: OpenDirectory): Steps<OpenDirectory> {
  const name = withoutSlash(path)
  try {
    return yield* openDirectory(name, path, like)
  } catch (error) {
    if (!hasCode(error, 'ENOTDIR', 'ELOOP')) throw namingPublicly(error, name, path)
  }
  const { at, there } = yield* findEnd(path)
  // A link that only the system can follow is on the way with this at the end.
  const through = there?.isSymbolicLink() ? `${at}/.` : at
  try {
    return yield* openDirectory(through, path, like)
  } catch (error) {
    throw namingPublicly(error, through, path)
  }
}

/** Opens a directory, or the one that a link leads to, whichever user has made that. */
export function* openThrough(path: Path, shown = path, above?: OpenDirectory): Steps<OpenDirectory> {
  const isHeld = above ? above.fd !== undefined : mayUseDescriptors()
  if (!isHeld && typeof path === 'string') return yield* openDirectory(yield* fs.realpath(path), shown, above)
  // With this at the end, the link is on the way, and is followed.
  const through = childPath(path, itself)
  try {
    return yield* openDirectory(through, shown, above)
  } catch (error) {
    throw namingPublicly(error, through, path)
  }
}

const itself: Entry = { name: '.', kind: 'directory' }

/** Uses an open directory, and closes it. */
export function* using<T>(dir: OpenDirectory, use: (dir: OpenDirectory) => Steps<T>): Steps<T> {
  try {
    return yield* use(dir)
  } catch (error) {
    throw nameAsShown(error, dir)
  } finally {
    yield* close(dir)
  }
}

/** A descriptor that only led to names is closed: an error of that says nothing. */
export function* close(dir: OpenDirectory): Steps<void> {
  const { fd } = dir
  if (fd === undefined) return
  dir.fd = undefined
  yield* tidy(fs.close(fd))
}

/** Closes a directory, so that it can be found again. */
export function* putAway(dir: OpenDirectory): Steps<void> {
  if (dir.fd === undefined) return
  dir.was ??= yield* fs.fstat(dir.fd)
  yield* close(dir)
}

/** Where the directory is found by path: throws EAGAIN if the path leads elsewhere now. */
export function* assertUnmoved(dir: OpenDirectory): Steps<void> {
  if (dir.fd === undefined && !sameInode(yield* fs.lstat(dir.path), dir.was)) throw movedError(dir.shown)
}

/** After `assertUnmoved`: is the directory not there any more, or another one? */
export const isAway = (error: unknown): boolean => hasCode(error, 'ENOENT', 'ENOTDIR', 'EAGAIN')

export const movedError = (shown: Path): SystemError =>
  systemError('EAGAIN', 'open', 'another process has moved or replaced it meanwhile', shown)

export function* listEntries(dir: OpenDirectory): Steps<Entry[]> {
  if (dir.fd !== undefined) {
    try {
      return yield* fs.list(pathTo(dir))
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error
      // What is open can be listed, even if it was removed: so it is /proc that is missing.
      yield* putAway(dir)
    }
  }
  yield* assertUnmoved(dir)
  return yield* fs.list(dir.path)
}

/** Lists a directory and says what it is. */
export function* statAndList(dir: OpenDirectory): Steps<readonly [Stats, readonly Entry[]]> {
  const { fd } = dir
  if (fd === undefined) return [dir.was as Stats, yield* listEntries(dir)]
  // Together, because neither needs the other.
  const [stats, listed] = yield* together<unknown>([fs.fstat(fd), fs.list(pathTo(dir))])
  dir.was = unwrap(stats as Outcome<Stats>)
  const isUnlisted = listed && 'error' in listed && hasCode(listed.error, 'ENOENT')
  return [dir.was, isUnlisted ? yield* listEntries(dir) : unwrap(listed as Outcome<Entry[]>)]
}

/** An error about a name in the directory then names the path that the caller knows. Returns the error itself. */
export const nameAsShown = (error: unknown, dir: OpenDirectory | undefined): unknown =>
  dir ? namingDirectory(error, pathTo(dir), dir.shown) : error
