// The directories below the root in which a call of one of its functions works: they stay open from one of its calls to
// the system to the next.

import { isSystemError } from '../core/errors.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { pathIn } from '../parts/directory-handle.js'
import { sameInode } from '../parts/identity.js'
import { letGo, type Reached } from './reached.js'
import { type Root, refuseMounted } from './root.js'
import { reach } from './walk.js'

/** A directory, and the path that led there. */
interface Held {
  readonly path: string
  readonly reached: Reached
}

/** A source's directory, and a target's. */
const mostHeld = 2

export class HeldDirectories {
  /** While several calls are made together, all their directories stay open. */
  keepsAll = false
  readonly #root: Root
  /** The last one was used last. */
  #held: Held[] = []

  constructor(root: Root) {
    this.#root = root
  }

  find(path: string): Reached | undefined {
    const held = this.#held.find(one => one.path === path)
    if (held) this.#held = [...this.#held.filter(one => one !== held), held]
    return held?.reached
  }

  /** Opens the directory that the names of a path lead to. `link` is where these come from. */
  *open(path: string, names: readonly string[], link: string | undefined): Steps<Reached> {
    if (!this.keepsAll) yield* this.close(mostHeld - 1)
    const reached = yield* this.#reach(path, names, link)
    if (reached.dir !== this.#root.dir) {
      this.#held.push({ path, reached })
      yield* this.#root.locks.keep(path, reached)
    }
    return reached
  }

  /** The directory of a lock is not opened again, if its path still leads there: so it is reached where none can be opened. */
  *#reach(path: string, names: readonly string[], link: string | undefined): Steps<Reached> {
    const kept = this.#root.locks.use(path)
    let isThere = false
    try {
      isThere = kept !== undefined && (yield* leadsTo(this.#root, names, kept))
      if (kept && isThere) return kept
    } finally {
      if (kept && !isThere) yield* letGo(kept)
    }
    return yield* reachUnmounted(this.#root, names, link)
  }

  /** A directory was renamed. If it has become that of a lock, it stays open, with the names that it has now. */
  *renamed(from: string, to: string, names: readonly string[]): Steps<void> {
    if (!this.#root.locks.isWanted(to)) return
    const held = this.#held.find(({ path }) => path === from)
    if (!held) return
    const reached = { ...held.reached, names }
    this.#held = [...this.#held.filter(one => one !== held), { path: to, reached }]
    yield* this.#root.locks.keep(to, reached)
  }

  /** Closes the directories that were used longest ago; `most` of them stay open. */
  *close(most = mostHeld): Steps<void> {
    while (this.#held.length > most) yield* letGo((this.#held.shift() as Held).reached)
  }

  /** If a directory was removed meanwhile, it is closed. Returns whether it was. */
  *forgetIfRemoved({ dir }: Reached): Steps<boolean> {
    if (dir.fd === undefined || dir === this.#root.dir || (yield* fs.fstat(dir.fd)).nlink > 0n) return false
    const held = this.#held.find(({ reached }) => reached.dir === dir)
    this.#held = this.#held.filter(one => one !== held)
    if (held) yield* letGo(held.reached)
    return true
  }
}

function* reachUnmounted(root: Root, names: readonly string[], link: string | undefined): Steps<Reached> {
  const reached = yield* reach(root, names, link)
  const { dir } = reached
  if (dir === root.dir) return reached
  try {
    yield* refuseMounted(root, dir, dir.shown)
    return reached
  } catch (error) {
    yield* letGo(reached)
    throw error
  }
}

/** The system may follow links on the way, also out of the root and back: it is the same directory. */
function* leadsTo({ dir: top }: Root, names: readonly string[], { dir: { fd } }: Reached): Steps<boolean> {
  if (fd === undefined) return false
  try {
    const there = yield* fs.lstat(pathIn(top, { name: names.join('/'), kind: 'directory' }), orNothing)
    return sameInode(there, yield* fs.fstat(fd))
  } catch (error) {
    if (isSystemError(error)) return false
    throw error
  }
}
