// Names that have a small file, or nothing: to replace or remove what they have takes the kernel little time, because it
// frees little. A file that others have made longer since costs time, and nothing else.

import type { Call, Path } from './alphabet.js'
import { type Notes, noteBy } from './call-tables.js'
import { lastReadMs, type Used, warmMs, wasUsed } from './moment.js'
import { pathMap } from './path-maps.js'

/** Is the file opened to be made, or to be written? */
const isWritten = (flags: string): boolean => flags !== 'r' && !flags.startsWith('r ')

interface Light extends Used {
  readonly has: 'file' | 'nothing'
}

/** Programs that keep many small files use each rarely. A name takes about 200 bytes. */
const mostNames = 20_000

export class LightNames {
  readonly #names = pathMap<Light>(mostNames)
  readonly #mostBytes: number

  /** `mostBytes`: of a small file. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  /** Notes a file that was written or read as a whole. */
  noteFile(path: Path | undefined, bytes: number): void {
    if (typeof path !== 'string') return
    if (bytes <= this.#mostBytes) this.#set(path, 'file')
    else this.#names.delete(path)
  }

  /** Notes a call that succeeded. */
  note(call: Call, value: unknown): void {
    noteBy(this.#noteBy, call, value)
  }

  readonly #noteBy: Notes = {
    open: (_, path, flags) => {
      // Anything may be written now.
      if (typeof path === 'string' && isWritten(flags)) this.#names.delete(path)
    },
    lstat: (stats: unknown, path) => {
      if (stats === undefined) this.#set(path, 'nothing')
    },
    unlink: (_, path) => this.#set(path, 'nothing'),
    link: (_, from, to) => this.#noteSame(from, to),
    rename: (_, from, to) => {
      if (this.#noteSame(from, to)) this.#set(from, 'nothing')
    },
  }

  #set(path: Path, has: Light['has']): void {
    if (typeof path === 'string') this.#names.set(path, { has, usedAtMs: lastReadMs() })
  }

  /** `to` is what `from` is, or was. Returns whether that is small. */
  #noteSame(from: Path, to: Path): boolean {
    const isSmall = this.isFile(from)
    if (isSmall) this.#set(to, 'file')
    else if (typeof to === 'string') this.#names.delete(to)
    return isSmall
  }

  /** Had it a small file a moment ago? */
  isFile(path: Path): boolean {
    return this.#find(path) === 'file'
  }

  /** Had it nothing a moment ago? */
  isFree(path: Path): boolean {
    return this.#find(path) === 'nothing'
  }

  #find(path: Path): Light['has'] | undefined {
    const name = typeof path === 'string' ? this.#names.get(path) : undefined
    return wasUsed(name, warmMs) ? name.has : undefined
  }
}
