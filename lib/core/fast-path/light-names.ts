// Names that have a small file, or nothing: to replace or remove what they have takes the kernel little time, because it
// frees little. A file that others have made longer since costs time, and nothing else.

import type { Call } from '../alphabet.js'
import { lastReadMs, never, warmMs, wasUsed } from '../moment.js'
import type { Path } from '../names.js'
import { type Notes, noteBy } from './call-tables.js'
import type { KnownPath, KnownPaths } from './known-paths.js'

/** Is the file opened to be made, or to be written? */
const isWritten = (flags: string): boolean => flags !== 'r' && !flags.startsWith('r ')

export class LightNames {
  readonly #paths: KnownPaths

  constructor(paths: KnownPaths) {
    this.#paths = paths
  }

  /** Notes a file that was written or read as a whole. */
  noteFile(name: KnownPath | undefined, isSmall: boolean): void {
    if (!name) return
    name.smallFileAtMs = isSmall ? lastReadMs() : never
    name.nothingAtMs = never
  }

  /** Notes a call that succeeded. */
  note(call: Call, value: unknown): void {
    noteBy(this.#noteBy, call, value)
  }

  readonly #noteBy: Notes = {
    open: (_, path, flags) => {
      // Anything may be written now.
      if (isWritten(flags)) this.#forget(this.#paths.find(path))
    },
    lstat: (stats: unknown, path) => {
      if (stats === undefined) this.#noteNothing(path)
    },
    unlink: (_, path) => this.#noteNothing(path),
    link: (_, from, to) => void this.#noteSame(from, to),
    rename: (_, from, to) => {
      if (this.#noteSame(from, to)) this.#noteNothing(from)
    },
  }

  #forget(name: KnownPath | undefined): void {
    if (!name) return
    name.smallFileAtMs = never
    name.nothingAtMs = never
  }

  #noteNothing(path: Path): void {
    if (typeof path !== 'string') return
    const name = this.#paths.of(path)
    name.smallFileAtMs = never
    name.nothingAtMs = lastReadMs()
  }

  /** `to` is what `from` is, or was. Returns whether that is small. */
  #noteSame(from: Path, to: Path): boolean {
    const isSmall = this.isFile(this.#paths.find(from))
    if (isSmall && typeof to === 'string') this.noteFile(this.#paths.of(to), true)
    else this.#forget(this.#paths.find(to))
    return isSmall
  }

  /** Had it a small file a moment ago? */
  isFile(name: KnownPath | undefined): boolean {
    return name !== undefined && wasUsed(name.smallFileAtMs, warmMs)
  }

  /** Had it nothing a moment ago? */
  isFree(name: KnownPath | undefined): boolean {
    return name !== undefined && wasUsed(name.nothingAtMs, warmMs)
  }
}
