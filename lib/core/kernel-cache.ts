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
// |             |      | is in here, or an open of one     |                    |                                 |
//
// Only calls that succeeded fill a map, and what they leave there counts for a moment. On a filesystem that has all
// files in memory, small ones are opened and read inline as well.

import type { Call, Op, Path } from './alphabet.js'
import type { Needs, Notes } from './call-tables.js'
import { DescriptorDevices, isExclusive } from './descriptor-devices.js'
import type { LocalPlaces } from './local-places.js'
import { NewDirectories } from './new-directories.js'
import { parentOf } from './path-maps.js'
import { SeenNames } from './seen-names.js'
import { SmallDirectories } from './small-directories.js'
import type { Stats } from './stats.js'

type AnyFunction<T> = (...args: unknown[]) => T

/** To copy more than this into the kernel's memory, or from there, takes longer than a trip to the pool. */
const maxBytes = 16 * 1024

export class KernelCache {
  readonly #places: LocalPlaces
  readonly #descriptors = new DescriptorDevices()
  readonly #lstatNames = new SeenNames()
  readonly #statNames = new SeenNames()
  readonly #smallDirs = new SmallDirectories()
  readonly #newDirs = new NewDirectories()

  constructor(places: LocalPlaces) {
    this.#places = places
  }

  /** Is anything known, or to be noted, of such calls? */
  concerns(op: Op): boolean {
    return this.#findBy[op] !== undefined || this.#noteBy[op] !== undefined
  }

  /** Returns the device that the call concerns, if it is local and the kernel probably has in memory what is needed. */
  find({ op, args }: Call): number | undefined {
    return (this.#findBy[op] as AnyFunction<number | undefined> | undefined)?.(...args)
  }

  readonly #findBy: Needs = {
    open: (path, flags) => {
      if (typeof path !== 'string') return undefined
      if (flags === 'r directory') return this.#deviceOfNew(path)
      if (flags === 'r nofollow') return this.#deviceOfNew(path) ?? this.#places.inMemory(this.#places.deviceIn(path))
      if (!isExclusive(flags)) return undefined
      // Also for those that follow: the pool finds out where the new file is while it opens it.
      this.#deviceOf(parentOf(path))
      return this.#deviceOfNew(parentOf(path))
    },
    read: (fd, into) => (into?.length <= maxBytes ? this.#places.inMemory(this.#deviceOfDescriptor(fd)) : undefined),
    write: (fd, data) => {
      // The data of a user's own steps may be anything. Node refuses it when the pool makes the call.
      return this.#descriptors.isNewFile(fd) && data?.length <= maxBytes ? this.#deviceOfDescriptor(fd) : undefined
    },
    fstat: fd => this.#deviceOfDescriptor(fd),
    fchmod: fd => this.#deviceOfDescriptor(fd),
    close: fd => {
      const dev = this.#deviceOfDescriptor(fd)
      // The system may give the number to another file from now on.
      this.#descriptors.drop(fd)
      return dev
    },
    lstat: path => this.#deviceOfName(this.#lstatNames, path) ?? this.#deviceOfKnown(path),
    stat: path => this.#deviceOfName(this.#statNames, path),
    readdir: dir => this.#deviceOfSmall(dir),
    local: dir => this.#deviceOfKnown(dir),
    clocked: dir => this.#deviceOfKnown(dir),
    mkdir: dir => (typeof dir === 'string' ? this.#deviceOfNew(parentOf(dir)) : undefined),
    rename: (from, to) => {
      const areBeside = typeof from === 'string' && typeof to === 'string' && parentOf(from) === parentOf(to)
      return areBeside ? this.#deviceOfKnown(parentOf(from)) : undefined
    },
  }

  /** One whose entries are in memory: it is new, or was read and has few. */
  #deviceOfKnown(dir: Path): number | undefined {
    return this.#deviceOfNew(dir) ?? this.#deviceOfSmall(dir as string)
  }

  #deviceOfNew(dir: Path): number | undefined {
    return typeof dir === 'string' && this.#newDirs.has(dir) ? this.#deviceOf(dir) : undefined
  }

  #deviceOfName(names: SeenNames, path: Path): number | undefined {
    const name = names.find(path)
    return name && this.#places.isLocal(name.dev, name.at) ? name.dev : undefined
  }

  #deviceOfSmall(dir: string): number | undefined {
    // Asks where it is even if the call comes too late, because others usually follow it.
    const dev = this.#smallDirs.was(dir) ? this.#deviceOf(dir) : undefined
    return this.#smallDirs.has(dir) ? dev : undefined
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
    return this.#places.localDevice(this.#newDirs.above(dir))
  }

  /** Where an open of the path leads, if that was seen a moment ago. */
  #deviceSeen(path: string): number | undefined {
    if (this.#newDirs.has(path)) return this.#deviceOf(path)
    const name = this.#statNames.find(path) ?? this.#lstatNames.find(path)
    return name?.at === path ? name.dev : this.#places.device(path)
  }

  /** Notes that the directory at `path` is open, and has that key from now on (./held-paths.ts). */
  noteOpen(key: string, path: string): void {
    const dev = this.#deviceSeen(path)
    if (dev !== undefined) this.noteDevice(key, dev)
    this.#newDirs.open(path, key)
  }

  noteDevice(key: string, dev: number): void {
    this.#places.note(key, dev)
  }

  note({ op, args }: Call, value: unknown): void {
    ;(this.#noteBy[op] as AnyFunction<void> | undefined)?.(value, ...args)
  }

  readonly #noteBy: Notes = {
    open: (fd, path, flags) => {
      // Many files are opened in this way, one after the other: the mount table is not read for a few.
      const isOneOfMany = flags === 'r nofollow'
      const seen = (name: string) => this.#deviceSeen(name) ?? (isOneOfMany ? this.#places.deviceIn(name) : undefined)
      this.#descriptors.note(fd, path, flags, seen)
    },
    fstat: ({ dev }, fd) => this.#descriptors.noteDevice(fd, Number(dev)),
    stat: (stats, path) => this.#noteStats(this.#statNames, path, stats),
    lstat: (stats, path) => this.#noteStats(this.#lstatNames, path, stats),
    readdir: (names, dir) => {
      this.#smallDirs.note(dir, names)
      this.#deviceOfSmall(dir)
    },
    mkdir: (_, dir) => {
      if (typeof dir === 'string') this.#newDirs.add(dir)
      this.#deviceOfNew(dir)
    },
    link: (_, existing, path) => this.#lstatNames.noteSame(existing, path),
    rename: (_, from, to) => {
      if (typeof from !== 'string' || typeof to !== 'string') return
      this.#lstatNames.noteSame(from, to)
      this.#lstatNames.drop(from)
      this.#places.move(from, to)
      this.#newDirs.move(from, to)
    },
  }

  #noteStats(names: SeenNames, path: Path, stats: Stats | undefined): void {
    if (stats === undefined || typeof path !== 'string') return
    const name = names.note(path, stats)
    if (name && stats.isDirectory()) this.#places.note(path, name.dev)
    // Asks for its kind, if that is not known.
    if (name) this.#places.isLocal(name.dev, name.at)
  }
}
