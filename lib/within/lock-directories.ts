// The directory of a lock stays open while calls of the root want the lock or hold it: so it is not opened again for each
// heartbeat, and the lock can be released when no directory can be opened any more.

import { isSystemError } from '../core/errors.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import type { OpenDirectory } from '../parts/directory-handle.js'
import { sameInode } from '../parts/identity.js'
import { letGo, type Reached } from './reached.js'
import { pathBelow } from './recent.js'

interface Wanted {
  calls: number
  /** As it was reached last. */
  reached: Reached | undefined
}

export class LockDirectories {
  /** By path, links on the way not resolved. */
  readonly #wanted = new Map<string, Wanted>()

  isWanted(path: string): boolean {
    return this.#wanted.has(path)
  }

  /** Counts the calls that want a lock or hold it. After the last one, its directory is closed. */
  *engage(path: string, more: number): Steps<void> {
    const lock = this.#wanted.get(path) ?? { calls: 0, reached: undefined }
    lock.calls += more
    if (lock.calls > 0) this.#wanted.set(path, lock)
    else {
      this.#wanted.delete(path)
      if (lock.reached) yield* letGo(lock.reached)
    }
  }

  /** A directory was reached by its path. If it is that of a lock, it stays open. */
  *keep(path: string, reached: Reached): Steps<void> {
    const lock = this.#wanted.get(path)
    if (!lock || lock.reached === reached || reached.dir.fd === undefined) return
    const before = lock.reached
    lock.reached = reached
    reached.users++
    yield* fs.keep(reached.dir.fd)
    if (before) yield* letGo(before)
  }

  /** The directory of a lock, for one more user, if its path still leads there. */
  *use(path: string, names: readonly string[], top: OpenDirectory): Steps<Reached | undefined> {
    const reached = this.#wanted.get(path)?.reached
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
