// The directories of a root that were used last stay open, because the next call is often about the same. Each is used
// again only as long as its path leads there, and there is no link on the way.

import { isSystemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, type Outcome, orNothing, type Path, type Steps, together, unwrap } from '../core/steps.js'
import { type OpenDirectory, pathIn } from '../parts/directory-handle.js'
import { sameInode } from '../parts/identity.js'
import { joined } from './paths.js'
import { letGo, type Reached } from './reached.js'

export class RecentDirectories {
  readonly #top: OpenDirectory
  readonly #path: string
  readonly #most: number
  /** The last one was used last. */
  #recent: Reached[] = []

  /** @param path The root's own path. */
  constructor(top: OpenDirectory, path: string, most: number) {
    this.#top = top
    this.#path = path
    this.#most = most
  }

  /** The directory of these names, for one more user, if it is open and is still what they lead to. */
  *use(names: readonly string[]): Steps<Reached | undefined> {
    const reached = this.#recent.find(one => isSame(one.names, names))
    if (!reached) return undefined
    reached.users++
    let isThere = false
    try {
      isThere = yield* leadsTo(this.#top, reached)
    } finally {
      if (!isThere) {
        yield* letGo(reached)
        yield* this.#forget(reached)
      }
    }
    return isThere ? reached : undefined
  }

  /** One of its users needs the directory no more. `path` is how that has come to it. */
  *add(path: string, reached: Reached): Steps<void> {
    const isPlain = reached.dir.fd !== undefined && path === joined(this.#path, reached.names)
    if (!isPlain || this.#recent.includes(reached)) {
      if (isPlain) this.#recent = [...this.#recent.filter(one => one !== reached), reached]
      return yield* letGo(reached)
    }
    this.#recent.push(reached)
    yield* fs.keep(reached.dir.fd as number)
    for (const old of this.#recent.filter(one => one !== reached && isSame(one.names, reached.names)))
      yield* this.#forget(old)
    while (this.#recent.length > this.#most) yield* this.#forget(this.#recent[0] as Reached)
  }

  *#forget(reached: Reached): Steps<void> {
    if (!this.#recent.includes(reached)) return
    this.#recent = this.#recent.filter(one => one !== reached)
    yield* letGo(reached)
  }

  /** What is to be closed when the root is. */
  takeAll(): OpenDirectory[] {
    return this.#recent.splice(0).map(({ dir }) => dir)
  }
}

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, at) => name === b[at])

/** Each name on the way must be that of a directory, and the last one of this very one, which stays open. */
function* leadsTo(top: OpenDirectory, { dir, names }: Reached): Steps<boolean> {
  const paths = names.map((_, at) => pathBelow(top, names.slice(0, at + 1)))
  try {
    dir.was ??= yield* fs.fstat(dir.fd as number)
    const looks = yield* together(paths.map(path => fs.lstat(path, orNothing)))
    const there = looks.map(look => unwrap(look as Outcome<Stats | undefined>))
    return there.every(stats => stats?.isDirectory()) && sameInode(there.at(-1), dir.was)
  } catch (error) {
    if (isSystemError(error)) return false
    throw error
  }
}

export const pathBelow = (top: OpenDirectory, names: readonly string[]): Path =>
  pathIn(top, { name: names.join('/'), kind: 'directory' })
