// One call of a function of the root: the directories below the root that it works in, and what it has open.

import { isSystemError } from '../core/errors.js'
import { isInterruption } from '../core/interruption.js'
import { fs, type Path, type Steps } from '../core/steps.js'
import { assertUnmoved, nameAsShown, type OpenDirectory, pathIn } from '../parts/directory-handle.js'
import { linkText } from '../parts/follow-links.js'
import { HeldDirectories } from './held.js'
import { Budget, type Counted } from './limits.js'
import { below, type Located, namesOf, type Place, placeOf } from './located.js'
import { childOf, joined, namesBelow, splitLast, textOf } from './paths.js'
import type { Reached } from './reached.js'
import { outsideRoot } from './refusals.js'
import type { Root } from './root.js'
import { leadsWithin } from './walk.js'

export class Session {
  readonly root: Root
  readonly budget: Budget
  /** What the algorithm has opened, by its descriptor. */
  readonly own = new Map<number, Place>()
  /** The link whose text was read last: if the algorithm follows it, that is where the next path comes from. */
  lastLink: string | undefined
  readonly held: HeldDirectories
  /** The interruption that came while something had to be given back first. */
  #stopped: { readonly error: unknown } | undefined

  constructor(root: Root, counted: Counted) {
    this.root = root
    this.held = new HeldDirectories(root)
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
    const [dir, leaf] = splitLast(this.#throughOwn(path), text => this.#namesOf(text), this.root.path)
    const reached = this.held.find(dir) ?? (yield* this.held.open(dir, this.#namesOf(dir), this.lastLink))
    const { dir: above, names } = reached
    const isOpen = leaf === '.'
    const shown = isOpen ? joined(this.root.path, names) : childOf(joined(this.root.path, names), leaf)
    const place = isOpen ? { depth: names.length, names } : below({ depth: names.length, names }, leaf)
    return {
      path: pathIn(above, { name: leaf, kind: 'other' }),
      above: reached,
      shown,
      isOpen,
      isFresh: this.held.isFresh(reached),
      place,
    }
  }

  /** `/proc/self/fd/<fd>`, or a name in that directory, if the algorithm has opened it below the root. */
  #inOwn(path: Path): Located | undefined {
    const [, fd, name] = /^\/proc\/self\/fd\/(\d+)(?:\/([^/]+))?$/s.exec(path.toString()) ?? []
    const own = this.own.get(Number(fd))
    if (fd === undefined || own === undefined) return undefined
    const isOpen = name === undefined || name === '.' || name === '..'
    const place = isOpen ? placeOf(own, name) : below(own, typeof path === 'string' ? name : path)
    const shown = place.names ? joined(this.root.path, place.names) : path
    return { path, above: undefined, shown, isOpen, isFresh: true, place }
  }

  /**
   * A path that leads on from such a directory, by a link in it or out of it, from the root. With a dot behind it, a link is
   * on the way.
   */
  #throughOwn(path: Path): Path {
    const [, dir, rest] = /^(\/proc\/self\/fd\/\d+)\/(.*)$/s.exec(textOf(path) ?? '') ?? []
    const own = dir === undefined ? undefined : this.#inOwn(dir)
    return own ? `${joined(this.root.path, namesOf(own))}/${rest}` : path
  }

  #namesOf(path: string): string[] {
    const names = namesBelow(this.root.path, path)
    if (!names) throw outsideRoot(this.lastLink ?? path, `it leads to '${path}'`)
    return names
  }

  #plain(path: string): string {
    return joined(this.root.path, this.#namesOf(path))
  }

  /** A descriptor is the algorithm's no more. */
  closed(fd: number): void {
    this.own.delete(fd)
    this.budget.closed(fd)
  }

  /** After a name was not found: was it looked for in a directory that was removed meanwhile? Then it is looked for anew. */
  *forgetRemoved(located: readonly Located[]): Steps<boolean> {
    let hasForgotten = false
    for (const { above, isFresh } of located)
      if (!isFresh && above && (yield* this.held.forgetIfRemoved(above))) hasForgotten = true
    return hasForgotten
  }

  /** What was opened at a private name may have become the directory of a lock. */
  *renamed([from, to]: readonly [Path, Path], { above, isOpen }: Located): Steps<void> {
    if (!above || isOpen || typeof from !== 'string' || typeof to !== 'string') return
    const names = this.#namesOf(to)
    yield* this.held.renamed(this.#plain(from), this.#plain(to), [...above.names, ...names.slice(-1)])
  }

  /** The thread takes a lock, or does not hold it any more. */
  *holding(lock: string, hold: string, change: 'enter' | 'leave' | undefined): Steps<boolean> {
    const path = this.#plain(lock)
    if (change === 'enter') {
      this.root.locks.enter(path, hold)
      yield* this.held.keep(path)
    } else if (change === 'leave') yield* this.root.locks.leave(path, hold)
    return yield* fs.holding(lock, hold, change)
  }

  /** The call has ended. */
  *end(): Steps<void> {
    yield* this.held.close(0)
  }

  /** Where the link leads that has the name; the name itself, if there is no link any more. */
  *follow(path: Path, located: Located): Steps<Path> {
    const text = yield* this.#textOf(located)
    if (text === undefined) return path
    this.lastLink = String(located.shown)
    const { names, isFromRoot } = leadsWithin(this.root, this.lastLink, text)
    // A slash at the end of the text is lost: the name behind the last one decides what is there.
    return joined(this.root.path, isFromRoot ? names : [...namesOf(located).slice(0, -1), ...names])
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
