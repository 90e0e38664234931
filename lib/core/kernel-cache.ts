// What the kernel probably has in memory, because this process used it a moment ago. The fast path (./fast-path.ts)
// makes calls inline that need no more than that, on a device that is known to be local (./local-places.ts).
//
// | map         | key  | filled by                         | dropped by         | what happens if it is stale     |
// |-------------|------|-----------------------------------|--------------------|---------------------------------|
// | #lstatNames | path | lstat; link and rename of a name  | rename of the name | the call waits for the disk     |
// |             |      | that is in here                   |                    |                                 |
// | #statNames  | path | stat                              | nothing            | the call waits for the disk     |
// | #dirs small | path | readdir of 0 to 2 entries         | readdir of more    | one long readdir is made inline |
// | #dirs new   | path | mkdir; rename of a directory that | rename of the name | the call waits for the disk     |
// |             |      | is in here, or an open of one     |                    |                                 |
//
// Only calls that succeeded fill a map, and what they leave there counts for a moment. Small files are opened and read
// inline if they were open a moment ago (./descriptor-devices.ts), or on a filesystem that has all files in memory. What is
// in some other directories is guessed (./guesses.ts).

import type { Call, Path } from './alphabet.js'
import { deviceBy, type Needs, type Notes, noteBy } from './call-tables.js'
import { DescriptorDevices, isExclusive, isOneOfMany } from './descriptor-devices.js'
import { Guesses } from './guesses.js'
import { isFleeting } from './held-paths.js'
import { KnownDirectories } from './known-directories.js'
import type { LocalPlaces } from './local-places.js'
import { parentOf, sharedParent } from './path-maps.js'
import { SeenNames } from './seen-names.js'
import type { Stats } from './stats.js'

/** To copy more than this into the kernel's memory, or from there, takes longer than a trip to the pool. */
const maxBytes = 16 * 1024

export class KernelCache {
  readonly #places: LocalPlaces
  readonly #descriptors = new DescriptorDevices()
  readonly #lstatNames = new SeenNames()
  readonly #statNames = new SeenNames()
  readonly #dirs: KnownDirectories
  readonly guesses: Guesses

  constructor(places: LocalPlaces) {
    this.#places = places
    this.#dirs = new KnownDirectories(places)
    this.guesses = new Guesses({ places, dirs: this.#dirs, descriptors: this.#descriptors }, maxBytes)
  }

  /** Returns the device that the call concerns, if it is local and the kernel probably has in memory what is needed. */
  find(call: Call): number | undefined {
    return deviceBy(this.#findBy, call)
  }

  isInMemory(dev: number): boolean {
    return this.#places.inMemory(dev) !== undefined
  }

  readonly #findBy: Needs = {
    open: (path, flags) => {
      if (typeof path !== 'string') return undefined
      if (flags === 'r directory') return this.#dirs.deviceOfNew(path)
      if (isOneOfMany(flags)) return this.#dirs.deviceOfNew(path) ?? this.#deviceOfFile(path)
      // Also for those that follow: the pool finds out where the new file is while it opens it.
      const dev = isExclusive(flags) ? this.#dirs.localDevice(parentOf(path)) : undefined
      return this.#dirs.isNew(parentOf(path)) ? dev : undefined
    },
    read: (fd, into) => {
      if (!(into?.length <= maxBytes)) return undefined
      const dev = this.#deviceOfDescriptor(fd)
      return this.#descriptors.isWarm(fd) ? dev : this.#places.inMemory(dev)
    },
    write: (fd, data) => {
      // The data of a user's own steps may be anything. Node refuses it when the pool makes the call.
      return this.#descriptors.isNewFile(fd) && data?.length <= maxBytes ? this.#deviceOfDescriptor(fd) : undefined
    },
    fstat: fd => this.#deviceOfDescriptor(fd),
    fchmod: fd => this.#deviceOfDescriptor(fd),
    close: fd => {
      const dev = this.#deviceOfDescriptor(fd)
      const bytes = this.#descriptors.bytesOfNew(fd)
      if (bytes !== undefined) this.guesses.light.noteFile(this.#descriptors.pathOf(fd), bytes)
      // The system may give the number to another file from now on.
      this.#descriptors.drop(fd)
      return dev
    },
    lstat: path => this.#deviceOfLook(path),
    exists: path => this.#deviceOfLook(path),
    stat: path => this.#places.ifLocal(this.#statNames.find(path)),
    readdir: dir => this.#dirs.deviceOfSmall(dir),
    local: dir => this.#dirs.deviceOf(dir),
    clocked: dir => this.#dirs.deviceOf(dir),
    mkdir: dir => (typeof dir === 'string' ? this.#dirs.deviceOfNew(parentOf(dir)) : undefined),
    rename: (from, to) => {
      const dir = sharedParent(from, to)
      return dir === undefined ? undefined : this.#dirs.deviceOf(dir)
    },
  }

  /** One that is in memory: it was opened a moment ago, or all files are. */
  #deviceOfFile(path: string): number | undefined {
    // Asks where it is even if the call comes too late: its close comes soon.
    const isAboveLocal = !isFleeting(path) && this.#dirs.localDevice(parentOf(path)) !== undefined
    const dev = this.#dirs.deviceIn(path)
    return isAboveLocal && this.#descriptors.wasOpened(path) ? dev : this.#places.inMemory(dev)
  }

  #deviceOfLook(path: Path): number | undefined {
    const known = this.#places.ifLocal(this.#lstatNames.find(path)) ?? this.#dirs.deviceOf(path)
    return known ?? (typeof path === 'string' ? this.#dirs.deviceOfSmall(parentOf(path)) : undefined)
  }

  #deviceOfDescriptor(fd: number): number | undefined {
    return this.#places.ifLocal(this.#descriptors.find(fd, dir => this.#dirs.localDevice(dir)))
  }

  /** Is the directory local? `undefined`: that is not known. */
  isLocal(dir: string): boolean | undefined {
    return this.#dirs.localDevice(dir) !== undefined || (this.#places.isForeign(dir) ? false : undefined)
  }

  /** Where an open of the path leads, if that was seen a moment ago. */
  #deviceSeen(path: string): number | undefined {
    if (this.#dirs.isNew(path)) return this.#dirs.localDevice(path)
    const name = this.#statNames.find(path) ?? this.#lstatNames.find(path)
    return name?.at === path ? name.dev : this.#places.device(path)
  }

  /** Notes that the directory at `path` is open, and has that key from now on (./held-paths.ts). */
  noteOpen(key: string, path: string): void {
    this.noteDevice(key, this.#deviceSeen(path))
    this.#dirs.noteOpen(path, key)
  }

  noteDevice(key: string, dev: number | undefined): void {
    if (dev !== undefined) this.#places.note(key, dev)
  }

  note(call: Call, value: unknown): void {
    noteBy(this.#noteBy, call, value)
    this.guesses.note(call, value)
  }

  readonly #noteBy: Notes = {
    open: (fd, path, flags) => {
      // The mount table is not read for a few files.
      const isMany = isOneOfMany(flags)
      const seen = (name: string) => this.#deviceSeen(name) ?? (isMany ? this.#dirs.deviceIn(name) : undefined)
      this.#descriptors.note(fd, path, flags, seen)
    },
    read: (got, fd, into, position) => {
      if (position === 0 && got < into.length) this.guesses.light.noteFile(this.#descriptors.pathOf(fd), got)
    },
    write: (written, fd) => this.#descriptors.noteWritten(fd, written),
    fstat: ({ dev }, fd) => this.#descriptors.noteDevice(fd, Number(dev)),
    stat: (stats, path) => this.#noteStats(this.#statNames, path, stats),
    lstat: (stats, path) => this.#noteStats(this.#lstatNames, path, stats),
    readdir: (names, dir) => this.#dirs.noteRead(dir, names),
    mkdir: (_, dir) => this.#dirs.noteMade(dir),
    link: (_, existing, path) => this.#lstatNames.noteSame(existing, path),
    rename: (_, from, to) => {
      if (typeof from !== 'string' || typeof to !== 'string') return
      this.#lstatNames.noteSame(from, to)
      this.#lstatNames.drop(from)
      this.#places.move(from, to)
      this.#dirs.noteRename(from, to)
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
