// The directory of a lock stays open while calls of the root want the lock or hold it: so it is not opened again for each
// heartbeat, and the lock can be released when no directory can be opened any more.

import { fs, type Steps } from '../core/steps.js'
import { letGo, type Reached } from './reached.js'

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

  /** The directory of a lock, for one more user. */
  use(path: string): Reached | undefined {
    const reached = this.#wanted.get(path)?.reached
    if (reached) reached.users++
    return reached
  }
}
