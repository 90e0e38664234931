// One call of a function of the root: the directories below the root that it works in, and what it has open.

import { isSystemError, systemError } from '../core/errors.js'
import { isInterruption } from '../core/interruption.js'
import { fs, type Path, type Steps } from '../core/steps.js'
import { assertUnmoved, close, nameAsShown, type OpenDirectory, pathIn } from '../parts/directory-handle.js'
import { linkText } from '../parts/follow-links.js'
import { Budget, type Counted } from './limits.js'
import { childOf, joined, namesBelow, splitLast } from './paths.js'
import { outsideRoot } from './refusals.js'
import { type Root, refuseMounted } from './root.js'
import { leadsWithin, type Reached, reach } from './walk.js'

/** A name in an open directory: what one call to the system is about. */
export interface Located {
  /** The path with which the call is made. */
  readonly path: Path
  /** Undefined if it is in a directory that the algorithm has opened itself. */
  readonly above: Reached | undefined
  /** The same as users know it, links on the way resolved. */
  readonly shown: Path
  /** It is the directory itself, so no link can be in its place. */
  readonly isOpen: boolean
  /** The directory was opened for this very call. */
  readonly isFresh: boolean
  /** How many names are between it and the root. */
  readonly depth: number
}

/** A directory, and the path that led there. */
interface Held {
  readonly path: string
  readonly reached: Reached
}

/** A source's directory, and a target's. */
const mostHeld = 2

export class Session {
  readonly root: Root
  readonly budget: Budget
  /** The descriptors that the algorithm has, each with its depth below the root. */
  readonly own = new Map<number, number>()
  /** The link whose text was read last: if the algorithm follows it, that is where the next path comes from. */
  lastLink: string | undefined
  /** While several calls are made together, all their directories stay open. */
  keepsAll = false
  /** Directories that were reached, by the path that led there. The last one was used last. */
  #held: Held[] = []

  /** The interruption that came while something had to be given back first. */
  #stopped: { readonly error: unknown } | undefined

  constructor(root: Root, counted: Counted) {
    this.root = root
    this.budget = new Budget(root.limits, counted)
  }

  /** What was to stop the call, once. */
  takeStop(): { readonly error: unknown } | undefined {
    const stopped = this.#stopped
    this.#stopped = undefined
    return stopped
  }

  /** Runs steps that are not to be interrupted: what was to stop the call stops it later. */
  *unstopped<T>(steps: () => Steps<T>): Steps<T> {
    try {
      return yield* steps()
    } catch (error) {
      if (!isInterruption(error)) throw error
      this.#stopped = { error }
    }
    return yield* steps()
  }

  /** Where a path leads, but for its last name, of which nothing is known yet. */
  *locate(path: Path): Steps<Located> {
    const own = this.#inOwn(path)
    if (own) return own
    const [dir, leaf] = splitLast(path, text => this.#namesOf(text), this.root.path)
    const held = this.#held.find(one => one.path === dir)
    const reached = held?.reached ?? (yield* this.#hold(dir))
    if (held) this.#held = [...this.#held.filter(one => one !== held), held]
    const { dir: above, names } = reached
    const isOpen = leaf === '.'
    const shown = isOpen ? joined(this.root.path, names) : childOf(joined(this.root.path, names), leaf)
    const depth = names.length + (isOpen ? 0 : 1)
    return { path: pathIn(above, { name: leaf, kind: 'other' }), above: reached, shown, isOpen, isFresh: !held, depth }
  }

  /** `/proc/self/fd/<fd>`, or a name in that directory, if the algorithm has opened it below the root. */
  #inOwn(path: Path): Located | undefined {
    const [, fd, name] = /^\/proc\/self\/fd\/(\d+)(?:\/([^/]+))?$/s.exec(path.toString()) ?? []
    const depth = this.own.get(Number(fd))
    if (fd === undefined || depth === undefined) return undefined
    const isOpen = name === undefined || name === '.' || name === '..'
    return { path, above: undefined, shown: path, isOpen, isFresh: true, depth: depth + (isOpen ? 0 : 1) }
  }

  #namesOf(path: string): string[] {
    const names = namesBelow(this.root.path, path)
    if (!names) throw outsideRoot(this.lastLink ?? path, `it leads to '${path}'`)
    return names
  }

  *#hold(path: string): Steps<Reached> {
    if (!this.keepsAll) yield* this.close(mostHeld - 1)
    const reached = yield* reach(this.root, this.#namesOf(path), this.lastLink)
    const { dir } = reached
    if (dir === this.root.dir) return reached
    try {
      yield* refuseMounted(this.root, dir, dir.shown)
    } catch (error) {
      yield* close(dir)
      throw error
    }
    this.#held.push({ path, reached })
    return reached
  }

  /** A descriptor is the algorithm's no more. */
  closed(fd: number): void {
    this.own.delete(fd)
    this.budget.closed(fd)
  }

  /** Closes the directories that were used longest ago; `most` of them stay open. */
  *close(most = mostHeld): Steps<void> {
    while (this.#held.length > most) yield* close((this.#held.shift() as Held).reached.dir)
  }

  /** After a name was not found: was it looked for in a directory that was removed meanwhile? Then it is looked for anew. */
  *forgetRemoved(located: readonly Located[]): Steps<boolean> {
    let hasForgotten = false
    for (const { above, isFresh } of located) {
      if (isFresh || !above || above.dir.fd === undefined || above.dir === this.root.dir) continue
      if ((yield* fs.fstat(above.dir.fd)).nlink > 0n) continue
      this.#held = this.#held.filter(({ reached }) => reached !== above)
      yield* close(above.dir)
      hasForgotten = true
    }
    return hasForgotten
  }

  /** Where the link leads that has the name; the name itself, if there is no link any more. */
  *follow(path: Path, located: Located): Steps<Path> {
    const { above, shown } = located
    const text = yield* this.#textOf(located)
    if (text === undefined) return path
    // In a directory of its own, the algorithm expects no link.
    if (!above) throw systemError('ELOOP', 'open', 'a link has come there meanwhile', shown)
    this.lastLink = String(shown)
    const { names, isFromRoot } = leadsWithin(this.root, String(shown), text)
    // A slash at the end of the text is lost: the name behind the last one decides what is there.
    return joined(this.root.path, isFromRoot ? names : [...above.names, ...names])
  }

  *#textOf(located: Located): Steps<Buffer | undefined> {
    try {
      return yield* linkText(located.path)
    } catch (error) {
      throw this.name(error, [located])
    }
  }

  /** Where directories are found by path: throws EAGAIN if one on the way was swapped. */
  *assertUnmoved(located: readonly Located[]): Steps<void> {
    for (const { above } of located) for (const dir of above?.way ?? []) yield* assertUnmoved(dir)
  }

  /** An error then says the names that users know. Returns the error itself. */
  name(error: unknown, located: readonly Located[]): unknown {
    if (isSystemError(error)) for (const { above } of located) nameAsShown(error, above && publicly(above, this.root))
    return error
  }
}

/** A directory's path, with all links resolved. */
const publicly = ({ dir, names }: Reached, root: Root): OpenDirectory => ({ ...dir, shown: joined(root.path, names) })
