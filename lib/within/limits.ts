// The limits of one call: how many bytes and things it may make or remove, and how deep.

import { basename } from 'node:path'
import type { Call, Op, Path } from '../core/steps.js'
import { ownerOf } from '../parts/stage-names.js'
import { type LimitName, overLimit } from './refusals.js'

export type Limits = Readonly<Record<LimitName, number>>

/** Which things count: those that a call makes, those that it removes, or none, where it is about one thing. */
export type Counted = 'made' | 'removed' | 'none'

/** What was made under a private name. It counts no more if it is removed again, which is not the end that it had. */
interface Private {
  things: number
  bytes: number
}

const makes: ReadonlySet<Op> = new Set(['mkdir', 'symlink', 'link', 'clone'])
const removes: ReadonlySet<Op> = new Set(['unlink', 'rmdir'])

export class Budget {
  readonly #limits: Limits
  readonly #counted: Counted
  #things = 0
  #bytes = 0
  readonly #private = new Map<string, Private>()
  readonly #files = new Map<number, Private>()

  constructor(limits: Limits, counted: Counted) {
    this.#limits = limits
    this.#counted = counted
  }

  /** A call is about to make or remove `path`. Returns whether that counts; throws if it is one thing too many. */
  reserve({ op, args }: Call, path: Path): boolean {
    const { maxEntries } = this.#limits
    const counts = this.#counted === 'made' ? isMaking(op, args) : this.#counted === 'removed' && removes.has(op)
    // What was made ready privately is removed, or put back, whatever was counted.
    if (!counts || this.#private.has(String(path)) || (op === 'link' && isPrivate(args[0]))) return false
    if (this.#things >= maxEntries) throw overLimit('maxEntries', maxEntries, path)
    this.#things++
    return true
  }

  /** It was not made, or not removed. */
  release(): void {
    this.#things--
  }

  /** It was made or removed. `fd` is what an open has returned. */
  note({ op, args }: Call, path: Path, fd: unknown, counts: boolean): void {
    const name = String(path)
    if (op === 'rename') this.#private.delete(String(args[0]))
    if (removes.has(op)) {
      const { things = 0, bytes = 0 } = this.#private.get(name) ?? {}
      this.#private.delete(name)
      this.#things -= things
      this.#bytes -= bytes
    }
    if (!isMaking(op, args)) return
    const made = { things: counts && this.#counted === 'made' ? 1 : 0, bytes: 0 }
    if (isPrivate(path)) this.#private.set(name, made)
    if (op === 'open') this.#files.set(fd as number, made)
  }

  /** A file is about to reach so far: a hole in it counts as bytes do. Without `position`, behind what was written last. */
  write(fd: number, bytes: number, position: number | undefined, path: Path): void {
    const file = this.#files.get(fd) ?? { things: 0, bytes: 0 }
    this.#files.set(fd, file)
    const to = (position ?? file.bytes) + bytes
    if (to <= file.bytes) return
    this.spend(to - file.bytes, path)
    file.bytes = to
  }

  /** Throws if so many bytes more are too many. */
  spend(bytes: number, path: Path): void {
    const { maxBytes } = this.#limits
    if (this.#bytes + bytes > maxBytes) throw overLimit('maxBytes', maxBytes, path)
    this.#bytes += bytes
  }

  /** A file that is read counts by itself, because a call may read one and write another. */
  read(bytes: number, path: Path): void {
    const { maxBytes } = this.#limits
    if (bytes > maxBytes) throw overLimit('maxBytes', maxBytes, path)
  }

  get countsBytes(): boolean {
    return this.#limits.maxBytes < Number.POSITIVE_INFINITY
  }

  closed(fd: number): void {
    this.#files.delete(fd)
  }

  /** The depth of what is about one thing is that of its path, which was checked before. */
  enter(depth: number, path: Path): void {
    const { maxDepth } = this.#limits
    if (this.#counted !== 'none' && depth > maxDepth) throw overLimit('maxDepth', maxDepth, path)
  }
}

const isMaking = (op: Op, args: readonly unknown[]): boolean =>
  op === 'open' ? String(args[1]).includes('x') : makes.has(op)

const isPrivate = (path: unknown): boolean => ownerOf(basename(String(path))) !== undefined
