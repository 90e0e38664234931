// The directory that everything is bound to. It is open from the beginning to the end, so that it stays the same one,
// wherever its path leads meanwhile.

import { basename, dirname, join } from 'node:path'
import { door } from '../core/disk.js'
import { isSystemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { close, type OpenDirectory, openDirectory, pathTo } from '../parts/directory-handle.js'
import { findEnd } from '../parts/follow-links.js'
import { sameInode } from '../parts/identity.js'
import type { Limits } from './limits.js'
import { LockDirectories } from './lock-directories.js'
import { RecentDirectories } from './recent.js'
import { closedRoot, outsideRoot } from './refusals.js'

export interface Root {
  /** Its real path. */
  readonly path: string
  readonly dir: OpenDirectory
  /** What it is mounted from: undefined if that of what is below does not matter. */
  readonly mounted: Mounted | undefined
  readonly limits: Limits
  readonly locks: LockDirectories
  readonly recent: RecentDirectories
  /** How many calls are under way, and how many locks are held. */
  uses: number
  isClosed: boolean
}

/** Undefined where the system does not say. */
export interface Mounted {
  readonly id: number | undefined
  readonly dev: bigint
}

/** A source's directory, and a target's. */
const mostRecent = 2

export function* openRoot(path: string, mounts: boolean, limits: Limits): Steps<Root> {
  const real = yield* findReal(path)
  const dir = yield* openDirectory(real, real)
  try {
    const { dev } = yield* statOpen(dir)
    const id = dir.fd === undefined ? undefined : yield* fs.mountId(dir.fd)
    const mounted = mounts ? undefined : { id, dev }
    // What is open cannot be unmounted.
    const recent = new RecentDirectories(dir, real, mounts ? 0 : mostRecent)
    const locks = new LockDirectories()
    return { path: real, dir, mounted, limits, locks, recent, uses: 0, isClosed: false }
  } catch (error) {
    yield* close(dir)
    throw error
  }
}

/** The real path of what a path leads to. A link that another user may have planted at its end is not followed. */
function* findReal(path: string): Steps<string> {
  const { at, there } = yield* findEnd(path)
  const name = basename(at)
  if (!there?.isDirectory() || name === '' || name === '.' || name === '..') return yield* fs.realpath(at)
  // The name is opened without following a link, so none can come in its place now.
  return join(yield* fs.realpath(dirname(at)), name)
}

/** If /proc does not lead to what is open, the directory is closed, and found by its path. */
function* statOpen(dir: OpenDirectory): Steps<Stats> {
  if (dir.fd !== undefined) {
    const was = yield* fs.fstat(dir.fd)
    if (sameInode(was, yield* fs.stat(pathTo(dir), orNothing))) return was
    yield* close(dir)
    dir.was = was
  }
  dir.was ??= yield* fs.lstat(dir.path)
  return dir.was
}

/** Refuses what comes from another mount than the root. Of what is found by its path, only the device is known. */
export function* refuseMounted(
  { mounted }: Root,
  { fd, was }: Pick<OpenDirectory, 'fd' | 'was'>,
  shown: Path,
): Steps<void> {
  if (!mounted) return
  const id = fd === undefined || mounted.id === undefined ? undefined : yield* fs.mountId(fd)
  if (id !== undefined && id === mounted.id) return
  const stats = fd === undefined ? was : yield* fs.fstat(fd)
  if (id !== undefined || stats?.dev !== mounted.dev) throw outsideRoot(shown, 'it is mounted there')
}

/** Throws if no call may begin any more. */
export function assertOpen(root: Root): void {
  if (root.isClosed) throw closedRoot(root.path)
}

/** A call begins, or a lock is held. What is about a lock that is held goes on after the root was closed. */
export function begin(root: Root): void {
  root.uses++
}

/** A call has ended, or a lock is not held any more. */
export function end(root: Root): void {
  root.uses--
  closeUnused(root)
}

export function closeRoot(root: Root): void {
  root.isClosed = true
  closeUnused(root)
}

function closeUnused(root: Root): void {
  if (!root.isClosed || root.uses > 0) return
  for (const dir of [...root.recent.takeAll(), root.dir]) closeNow(dir)
}

/**
 * Inline, because it is also called where nothing can wait. Nothing was written, so an error loses nothing, and the others
 * are closed, too.
 */
function closeNow(dir: OpenDirectory): void {
  const { fd } = dir
  if (fd === undefined) return
  dir.fd = undefined
  try {
    door.performSync({ op: 'close', args: [fd] })
  } catch (error) {
    if (!isSystemError(error)) throw error
  }
}
