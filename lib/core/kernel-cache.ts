// What the kernel probably has in memory, because this process used it a moment ago. The fast path (./fast-path.ts)
// makes calls inline that need no more than that, on a device that is known to be local (./local-places.ts).
//
// | map         | key  | filled by                         | dropped by         | what happens if it is stale     |
// |-------------|------|-----------------------------------|--------------------|---------------------------------|
// | #lstatNames | path | lstat; link and rename of a name  | rename of the name | the call waits for the disk     |
// |             |      | that is in here                   |                    |                                 |
// | #statNames  | path | stat                              | nothing            | the call waits for the disk     |
// | #smallDirs  | path | readdir of 0 to 2 entries         | readdir of more    | one long readdir is made inline |
// | #newDirs    | path | mkdir; rename of a directory that | rename of the name | the call waits for the disk     |
// |             |      | is in here                        |                    |                                 |
//
// Only calls that succeeded fill a map, and what they leave there counts for a moment.

import type { Alphabet, Call, Op, Path } from './alphabet.js'
import { DescriptorDevices, isExclusive } from './descriptor-devices.js'
import type { LocalPlaces } from './local-places.js'
import { agingMs, lastReadMs, type Used, wasUsed } from './moment.js'
import { keep, parentOf, rename } from './path-maps.js'
import type { Stats } from './stats.js'

interface Name extends Used {
  readonly dev: number
  /** A path that leads to the device. For a link, that is its directory: the link may lead to another device. */
  readonly at: string
}

/** What is noted of a call that succeeded. */
type Notes = { readonly [O in Op]?: (value: ReturnType<Alphabet[O]>, ...args: Parameters<Alphabet[O]>) => void }
/** The device that a call concerns, if it is local and the call finds in memory what it needs. */
type Needs = { readonly [O in Op]?: (...args: Parameters<Alphabet[O]>) => number | undefined }
type AnyFunction<T> = (...args: unknown[]) => T

/** A cell (../cell.ts) has one entry, and systems sometimes add one of theirs. A rename in there replaces nothing. */
const maxEntries = 2
/** To copy more than this into the kernel's memory takes longer than a trip to the pool. */
const maxWriteBytes = 16 * 1024

export class KernelCache {
  readonly #places: LocalPlaces
  readonly #descriptors = new DescriptorDevices()
  readonly #lstatNames = new Map<string, Name>()
  readonly #statNames = new Map<string, Name>()
  readonly #smallDirs = new Map<string, Used>()
  readonly #newDirs = new Map<string, Used>()

  constructor(places: LocalPlaces) {
    this.#places = places
  }

  /** Returns the device that the call concerns, if it is local and the kernel probably has in memory what is needed. */
  find({ op, args }: Call): number | undefined {
    const find = this.#findBy[op] as AnyFunction<number | undefined> | undefined
    return find?.(...args)
  }

  readonly #findBy: Needs = {
    open: (path, flags) => {
      if (typeof path !== 'string' || !isExclusive(flags)) return undefined
      const dir = parentOf(path)
      // Also for those that follow: the pool finds out where the new file is while it opens it.
      const dev = this.#deviceOf(dir)
      return this.#isNewDir(dir) ? dev : undefined
    },
    write: (fd, data) => {
      // The data of a user's own steps may be anything. Node refuses it when the pool makes the call.
      const isSmall = this.#descriptors.isNewFile(fd) && data?.length <= maxWriteBytes
      return isSmall ? this.#deviceOfDescriptor(fd) : undefined
    },
    fstat: fd => this.#deviceOfDescriptor(fd),
    close: fd => {
      const dev = this.#deviceOfDescriptor(fd)
      // The system may give the number to another file from now on.
      this.#descriptors.drop(fd)
      return dev
    },
    lstat: path => this.#deviceOfName(this.#lstatNames, path) ?? this.#deviceOfSmall(path as string),
    stat: path => this.#deviceOfName(this.#statNames, path),
    readdir: dir => this.#deviceOfSmall(dir),
    local: dir => this.#deviceOfSmall(dir),
    mkdir: dir => {
      const parent = typeof dir === 'string' ? parentOf(dir) : ''
      return this.#isNewDir(parent) ? this.#deviceOf(parent) : undefined
    },
    rename: (from, to) => {
      if (typeof from !== 'string' || typeof to !== 'string' || parentOf(from) !== parentOf(to)) return undefined
      const dir = parentOf(from)
      return this.#isNewDir(dir) ? this.#deviceOf(dir) : this.#deviceOfSmall(dir)
    },
  }

  /** This process made the directory a moment ago, so all that is in it is in memory. */
  #isNewDir(dir: string): boolean {
    return wasUsed(this.#newDirs.get(dir))
  }

  #deviceOfName(names: ReadonlyMap<string, Name>, path: Path): number | undefined {
    const name = typeof path === 'string' ? names.get(path) : undefined
    return wasUsed(name) && this.#places.isLocal(name.dev, name.at) ? name.dev : undefined
  }

  #deviceOfSmall(dir: string): number | undefined {
    const small = this.#smallDirs.get(dir)
    // Asks where it is even if the call comes too late, because others usually follow it.
    const dev = small && this.#deviceOf(dir)
    return wasUsed(small) ? dev : undefined
  }

  #deviceOfDescriptor(fd: number): number | undefined {
    const file = this.#descriptors.find(fd, dir => this.#deviceOf(dir))
    return file && this.#places.isLocal(file.dev, file.at) ? file.dev : undefined
  }

  /** Is the directory local? `undefined`: that is not known. */
  isLocal(dir: string): boolean | undefined {
    return this.#deviceOf(dir) !== undefined || (this.#places.isForeign(dir) ? false : undefined)
  }

  /** The device of a directory, if it is local. One that this process made a moment ago is where the one above it is. */
  #deviceOf(dir: string): number | undefined {
    let at = dir
    while (wasUsed(this.#newDirs.get(at))) at = parentOf(at)
    return this.#places.localDevice(at)
  }

  /** Where an open of the path leads, if that was seen a moment ago. */
  #deviceSeen(path: string): number | undefined {
    const name = this.#statNames.get(path) ?? this.#lstatNames.get(path)
    return wasUsed(name) && name.at === path ? name.dev : this.#places.device(path)
  }

  note({ op, args }: Call, value: unknown): void {
    ;(this.#noteBy[op] as AnyFunction<void> | undefined)?.(value, ...args)
  }

  readonly #noteBy: Notes = {
    open: (fd, path, flags) => this.#descriptors.note(fd, path, flags, name => this.#deviceSeen(name)),
    fstat: ({ dev }, fd) => this.#descriptors.noteDevice(fd, Number(dev)),
    stat: (stats, path) => this.#noteStats(this.#statNames, path, stats),
    lstat: (stats, path) => this.#noteStats(this.#lstatNames, path, stats),
    readdir: (names, dir) => {
      if (names.length > maxEntries) this.#smallDirs.delete(dir)
      else keep(this.#smallDirs, dir, { usedAtMs: lastReadMs() })
      this.#deviceOfSmall(dir)
    },
    mkdir: (_, dir) => {
      if (typeof dir !== 'string') return
      keep(this.#newDirs, dir, { usedAtMs: lastReadMs() })
      this.#deviceOf(dir)
    },
    link: (_, existing, path) => this.#noteName(existing, path),
    rename: (_, from, to) => {
      if (typeof from !== 'string' || typeof to !== 'string') return
      this.#noteName(from, to)
      this.#lstatNames.delete(from)
      this.#places.move(from, to)
      rename(this.#newDirs, from, to)
    },
  }

  #noteStats(names: Map<string, Name>, path: Path, stats: Stats | undefined): void {
    if (stats === undefined || typeof path !== 'string') return
    const dev = Number(stats.dev)
    const known = names.get(path)
    // In one go, the same names are often looked at again.
    if (wasUsed(known, agingMs) && known.dev === dev) return
    const at = stats.isSymbolicLink() ? parentOf(path) : path
    keep(names, path, { dev, at, usedAtMs: lastReadMs() })
    if (stats.isDirectory()) this.#places.note(path, dev)
    // Asks for its kind, if that is not known.
    this.#places.isLocal(dev, at)
  }

  /** `to` is the inode that `from` is, or was. */
  #noteName(from: Path, to: Path): void {
    const known = typeof from === 'string' ? this.#lstatNames.get(from) : undefined
    if (known && typeof to === 'string')
      keep(this.#lstatNames, to, { ...known, at: known.at === from ? to : parentOf(to) })
  }
}
