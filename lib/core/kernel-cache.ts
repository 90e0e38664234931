// What the kernel probably has in memory, because this process used it a moment ago. The fast path (./fast-path.ts)
// makes calls inline that need no more than that.
//
// | map            | key        | filled by                   | dropped by         | what happens if it is stale      |
// |----------------|------------|-----------------------------|--------------------|----------------------------------|
// | #inlineDevices | device     | any note below              | nothing            | a filesystem that gets the same  |
// |                |            |                             |                    | number later is mistaken for it  |
// | #descriptors   | descriptor | open                        | close              | another file is looked at inline |
// | #lstatNames    | path       | lstat; link and rename of a | rename of the name | the call waits for the disk      |
// |                |            | name that is in here        |                    |                                  |
// | #statNames     | path       | stat                        | nothing            | the call waits for the disk      |
// | #smallDirs     | path       | readdir of 0 to 2 entries   | readdir of more    | one long readdir is made inline  |
// | #newDirs       | path       | mkdir                       | nothing            | the call waits for the disk      |
//
// Only calls that succeeded fill a map. A map of paths is emptied when it holds 1000.

import { dirname } from 'node:path'
import type { Alphabet, Call, Op, Path } from './alphabet.js'
import { isInlineKind } from './filesystem-kinds.js'
import type { Stats } from './stats.js'

/** How to find out, inline, where a thing is. `undefined`: that cannot be read. */
export interface Devices {
  ofDescriptor(fd: number): number | undefined
  ofPath(path: string): number | undefined
  /** The kind of filesystem that `path` is on, as ./filesystem-kinds.ts numbers it. */
  kindAt(path: Path): number | undefined
}

/** A thing that the kernel has in memory if it was used a moment ago. */
export interface Cached {
  readonly dev: number
  usedAtMs: number
}

interface Descriptor extends Cached {
  /** The open made the file, so nothing has to be read before something is written. */
  readonly isNewFile: boolean
}

interface NewDir {
  /** Undefined until a call in the directory needs it. */
  dev: number | undefined
  usedAtMs: number
}

/** What is noted of a call that succeeded. */
type Notes = { readonly [O in Op]?: (value: ReturnType<Alphabet[O]>, ...args: Parameters<Alphabet[O]>) => void }
/** The thing that a call needs to find in memory. */
type Needs = { readonly [O in Op]?: (...args: Parameters<Alphabet[O]>) => Cached | undefined }
type AnyFunction<T> = (...args: unknown[]) => T

const maxPaths = 1000
/** A cell (../cell.ts) has one entry, and systems sometimes add one of theirs. A rename in there replaces nothing. */
const maxEntries = 2
/** To copy more than this into the kernel's memory takes longer than a trip to the pool. */
const maxWriteBytes = 16 * 1024

export class KernelCache {
  readonly #devices: Devices
  readonly #inlineDevices = new Map<number, boolean>()
  readonly #descriptors = new Map<number, Descriptor>()
  readonly #lstatNames = new Map<Path, Cached>()
  readonly #statNames = new Map<Path, Cached>()
  readonly #smallDirs = new Map<Path, Cached>()
  readonly #newDirs = new Map<Path, NewDir>()

  constructor(devices: Devices) {
    this.#devices = devices
  }

  /** What the call needs, if the kernel probably has it in memory. */
  find({ op, args }: Call): Cached | undefined {
    const find = this.#findBy[op] as AnyFunction<Cached | undefined> | undefined
    return find?.(...args)
  }

  readonly #findBy: Needs = {
    write: (fd, data) => {
      const file = this.#descriptors.get(fd)
      return file?.isNewFile && data.length <= maxWriteBytes ? file : undefined
    },
    lstat: path => this.#lstatNames.get(path),
    stat: path => this.#statNames.get(path),
    readdir: dir => this.#smallDirs.get(dir),
    mkdir: dir => (typeof dir === 'string' ? this.#newDir(dirname(dir)) : undefined),
    rename: (from, to) => {
      const dir = typeof from === 'string' ? dirname(from) : undefined
      return dir !== undefined && dirname(String(to)) === dir ? this.#smallDirs.get(dir) : undefined
    },
  }

  hasDescriptor(fd: number): boolean {
    return this.#descriptors.has(fd)
  }

  /** The system may give the number to another file from now on. Returns whether it was known. */
  dropDescriptor(fd: number): boolean {
    return this.#descriptors.delete(fd)
  }

  /** Notes a call that succeeded. */
  note({ op, args }: Call, value: unknown): void {
    const note = this.#noteBy[op] as AnyFunction<void> | undefined
    note?.(value, ...args)
  }

  readonly #noteBy: Notes = {
    open: (fd, path, flags) => {
      const dev = this.#devices.ofDescriptor(fd)
      if (dev === undefined || !this.#isInline(dev, path)) return
      this.#descriptors.set(fd, { dev, isNewFile: flags.startsWith('wx'), usedAtMs: performance.now() })
    },
    stat: (stats, path) => this.#noteStat(this.#statNames, path, stats),
    lstat: (stats, path) => this.#noteStat(this.#lstatNames, path, stats),
    readdir: (names, dir) => this.noteReaddir(dir, names.length),
    mkdir: (_, dir) => {
      if (typeof dir !== 'string') return
      keep(this.#newDirs, dir, { dev: this.#newDirs.get(dirname(dir))?.dev, usedAtMs: performance.now() })
    },
    link: (_, existing, path) => this.#noteName(existing, path),
    rename: (_, from, to) => {
      this.#noteName(from, to)
      this.#lstatNames.delete(from)
    },
  }

  noteReaddir(dir: string, entries: number): void {
    if (entries > maxEntries) this.#smallDirs.delete(dir)
    else if (!this.#smallDirs.has(dir)) {
      const dev = this.#devices.ofPath(dir)
      if (dev !== undefined && this.#isInline(dev, dir))
        keep(this.#smallDirs, dir, { dev, usedAtMs: performance.now() })
    }
  }

  #noteStat(names: Map<Path, Cached>, path: Path, stats: Stats | undefined): void {
    if (stats === undefined || typeof path !== 'string') return
    const dev = Number(stats.dev)
    if (this.#isInline(dev, path)) keep(names, path, { dev, usedAtMs: performance.now() })
  }

  /** `to` is the inode that `from` is, or was. */
  #noteName(from: Path, to: Path): void {
    const known = this.#lstatNames.get(from)
    if (known) keep(this.#lstatNames, to, { dev: known.dev, usedAtMs: performance.now() })
  }

  #newDir(dir: string): Cached | undefined {
    const known = this.#newDirs.get(dir)
    if (!known) return undefined
    known.dev ??= this.#devices.ofPath(dir)
    return known.dev !== undefined && this.#isInline(known.dev, dir) ? (known as Cached) : undefined
  }

  /** Asks for the kind of filesystem once for each device. */
  #isInline(dev: number, path: Path): boolean {
    let isInline = this.#inlineDevices.get(dev)
    if (isInline === undefined) {
      isInline = isInlineKind(this.#devices.kindAt(path))
      this.#inlineDevices.set(dev, isInline)
    }
    return isInline
  }
}

function keep<T>(entries: Map<Path, T>, path: Path, entry: T): void {
  if (entries.size >= maxPaths) entries.clear()
  entries.set(path, entry)
}
