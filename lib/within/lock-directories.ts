// The directory of a lock stays open from before the lock is taken until it is released: so it is not opened again for
// each heartbeat, and the lock can be released when no directory can be opened any more.

import { isSystemError } from '../core/errors.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import type { OpenDirectory } from '../parts/directory-handle.js'
import { sameInode } from '../parts/identity.js'
import { letGo, type Reached } from './reached.js'
import { pathBelow } from './recent.js'

interface Kept {
  readonly holds: Set<string>
  /** As it was reached last. */
  reached: Reached | undefined
}

export class LockDirectories {
  /** By path, links on the way not resolved. */
  readonly #kept = new Map<string, Kept>()

  /** A lock is about to be taken. */
  enter(path: string, hold: string): void {
    const lock = this.#kept.get(path) ?? { holds: new Set(), reached: undefined }
    lock.holds.add(hold)
    this.#kept.set(path, lock)
  }

  /** A hold is over. After the last one of a lock, its directory is closed. */
  *leave(path: string, hold: string): Steps<void> {
    const lock = this.#kept.get(path)
    lock?.holds.delete(hold)
    if (!lock || lock.holds.size > 0) return
    this.#kept.delete(path)
    if (lock.reached) yield* letGo(lock.reached)
  }

  /** A directory was reached by its path. If it is that of a lock, it stays open. */
  *keep(path: string, reached: Reached): Steps<void> {
    const lock = this.#kept.get(path)
    if (!lock || lock.reached === reached || reached.dir.fd === undefined) return
    const before = lock.reached
    lock.reached = reached
    reached.users++
    yield* fs.keep(reached.dir.fd)
    if (before) yield* letGo(before)
  }

  /** The directory of a lock, for one more user, if its path still leads there. */
  *use(path: string, names: readonly string[], top: OpenDirectory): Steps<Reached | undefined> {
    const reached = this.#kept.get(path)?.reached
    if (!reached) return undefined
    reached.users++
    let isThere = false
    try {
      isThere = yield* leadsTo(pathBelow(top, names), reached)
    } finally {
      if (!isThere) yield* letGo(reached)
    }
    return isThere ? reached : undefined
  }
}

/** The system may follow links on the way, also out of the root and back: it is the same directory. */
function* leadsTo(path: Path, { dir }: Reached): Steps<boolean> {
  try {
    dir.was ??= yield* fs.fstat(dir.fd as number)
    return sameInode(yield* fs.lstat(path, orNothing), dir.was)
  } catch (error) {
    if (isSystemError(error)) return false
    throw error
  }
}
