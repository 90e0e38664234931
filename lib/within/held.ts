// The directories below the root in which a call of one of its functions works: they stay open from one of its calls to
// the system to the next.

import { fs, type Steps } from '../core/steps.js'
import { assertUnmoved, isAway, type OpenDirectory } from '../parts/directory-handle.js'
import { joined } from './paths.js'
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
  /** Those that were reached for the call that is under way. */
  readonly #fresh = new Set<Reached>()

  constructor(root: Root) {
    this.#root = root
  }

  /** The algorithm makes another call. */
  begin(): void {
    this.#fresh.clear()
  }

  isFresh(reached: Reached): boolean {
    return this.#fresh.has(reached)
  }

  find(path: string): Reached | undefined {
    const held = this.#held.find(one => one.path === path)
    if (held) this.#held = [...this.#held.filter(one => one !== held), held]
    return held?.reached
  }

  /** If a lock's directory is open already, it stays so. */
  *keep(path: string): Steps<void> {
    const held = this.find(path)
    if (held) yield* this.#root.locks.keep(path, held)
  }

  /** Opens the directory that the names of a path lead to. `link` is where these come from. */
  *open(path: string, names: readonly string[], link: string | undefined): Steps<Reached> {
    if (!this.keepsAll) yield* this.close(mostHeld - 1)
    const reached = yield* this.#reach(path, names, link)
    this.#fresh.add(reached)
    if (reached.dir !== this.#root.dir) {
      this.#held.push({ path, reached })
      yield* this.#root.locks.keep(path, reached)
    }
    return reached
  }

  /** What is open is not opened again, if its path still leads there. */
  *#reach(path: string, names: readonly string[], link: string | undefined): Steps<Reached> {
    const { locks, recent } = this.#root
    const open = (yield* locks.use(path, names, this.#root.dir)) ?? (yield* recent.use(names))
    if (open) return open
    const above = this.#above(path)
    if (above) above.users++
    try {
      return yield* reachUnmounted(this.#root, names, link, above)
    } finally {
      if (above) yield* letGo(above)
    }
  }

  /** The lowest directory above it that this call has open, if no link led there. */
  #above(path: string): Reached | undefined {
    const isAbove = ({ path: above, reached: { names } }: Held): boolean =>
      path.startsWith(`${above}/`) && above === joined(this.#root.path, names)
    const found = this.#held.filter(isAbove).sort((a, b) => a.path.length - b.path.length)
    return found.at(-1)?.reached
  }

  /** A directory was renamed: it stays open, with the names that it has now. */
  *renamed(from: string, to: string, names: readonly string[]): Steps<void> {
    const held = this.#held.find(({ path }) => path === from)
    if (!held) return
    const { reached } = held
    reached.names = names
    this.#held = [...this.#held.filter(one => one !== held), { path: to, reached }]
    yield* this.#root.locks.keep(to, reached)
  }

  /** Lets the directories go that were used longest ago; `most` of them stay open. */
  *close(most = mostHeld): Steps<void> {
    while (this.#held.length > most) {
      const { path, reached } = this.#held.shift() as Held
      yield* this.#root.recent.add(path, reached)
    }
  }

  /** If a directory was removed meanwhile, or another is there now where it is found by path, it is closed. Returns whether. */
  *forgetIfRemoved({ dir, way }: Reached): Steps<boolean> {
    if (dir === this.#root.dir) return false
    const isGone = dir.fd === undefined ? yield* hasMoved(way) : (yield* fs.fstat(dir.fd)).nlink === 0n
    if (!isGone) return false
    const held = this.#held.find(({ reached }) => reached.dir === dir)
    this.#held = this.#held.filter(one => one !== held)
    if (held) yield* letGo(held.reached)
    return true
  }
}

/** Where directories are found by path: is one on the way missing, or another one now? */
function* hasMoved(way: readonly OpenDirectory[]): Steps<boolean> {
  try {
    for (const dir of way) yield* assertUnmoved(dir)
    return false
  } catch (error) {
    if (!isAway(error)) throw error
    return true
  }
}

function* reachUnmounted(
  root: Root,
  names: readonly string[],
  link: string | undefined,
  above: Reached | undefined,
): Steps<Reached> {
  const reached = yield* reach(root, names, link, above)
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
