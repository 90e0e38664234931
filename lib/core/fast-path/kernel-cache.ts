// What the kernel probably has in memory, because this process used it a moment ago. The fast path (../fast-path.ts)
// makes calls inline that need no more than that, on a device that is known to be local (./local-places.ts).
//
// | fact            | of a path that              | filled by                                    | cleared by         |
// |-----------------|-----------------------------|----------------------------------------------|--------------------|
// | look            | lstat finds                 | lstat; link and rename of one that has it    | rename of the name |
// | followed        | stat finds                  | stat                                         | nothing            |
// | smallAtMs       | is a directory with 0 to 2  | readdir                                      | readdir of more    |
// | madeAtMs        | is a directory that is new  | mkdir; rename and open of one that has it    | rename of the name |
//
// If a fact is stale, the call waits for the disk, or a readdir is a long one.
// Only calls that succeeded fill in facts (./known-paths.ts), and a fact counts for a moment. Small files are opened and read
// inline if they were open a moment ago (./descriptor-devices.ts), or on a filesystem that has all files in memory. What is
// in some other directories is guessed (./guesses.ts).

import type { Call } from '../alphabet.js'
import type { Path } from '../names.js'
import { deviceBy, type Needs } from './call-tables.js'
import { isExclusive, isOneOfMany } from './descriptor-devices.js'
import { Guesses } from './guesses.js'
import { isFleeting } from './held-paths.js'
import { KernelNotes } from './kernel-notes.js'
import { mostReadBytes, newKnowledge } from './knowledge.js'
import type { KnownPath } from './known-paths.js'
import type { Questions } from './local-places.js'
import { fresh } from './looks.js'

export class KernelCache {
  readonly #known
  readonly guesses: Guesses
  readonly notes: KernelNotes

  constructor(questions: Questions) {
    this.#known = newKnowledge(questions)
    this.guesses = new Guesses(this.#known)
    this.notes = new KernelNotes(this.#known, this.guesses)
  }

  /** Returns the device that the call concerns, if it is local and the kernel probably has in memory what is needed. */
  find(call: Call): number | undefined {
    return deviceBy(this.#findBy, call)
  }

  isInMemory(dev: number): boolean {
    return this.#known.places.inMemory(dev) !== undefined
  }

  /** The device, unless it is one of layers: that copies a file before its first change, one more often than another. */
  unlessLayered(dev: number | undefined): number | undefined {
    return this.#known.places.isLayered(dev) ? undefined : dev
  }

  /** Are so many bytes written, or freed, in little time? */
  isLittle(bytes: number, dev: number): boolean {
    return bytes <= this.#known.mostWritten(dev)
  }

  readonly #findBy: Needs = {
    open: (path, flags) => {
      if (typeof path !== 'string') return undefined
      if (flags === 'r directory') return this.#known.dirs.deviceOfNew(this.#known.paths.find(path))
      if (isOneOfMany(flags)) return this.#deviceOfFile(this.#known.paths.of(path))
      if (!isExclusive(flags)) return undefined
      const dir = this.#known.paths.above(path)
      // Also for those that follow: the pool finds out where the new file is while it opens it.
      const dev = this.#known.dirs.localDevice(dir)
      return this.#known.dirs.isNew(dir) ? dev : undefined
    },
    read: (fd, into) => {
      if (!(into?.length <= mostReadBytes)) return undefined
      const dev = this.#deviceOfDescriptor(fd)
      return this.#known.descriptors.isWarm(fd) ? dev : this.#known.places.inMemory(dev)
    },
    write: (fd, data) => {
      // The data of a user's own steps may be anything. Node refuses it when the pool makes the call.
      const { descriptors } = this.#known
      // Of a file that was open a moment ago, and is open to be written, the end is in memory: it is a log.
      if (!(descriptors.isNewFile(fd) || descriptors.isWarm(fd))) return undefined
      const dev = this.#deviceOfDescriptor(fd)
      return data?.length <= this.#known.mostWritten(dev) ? dev : undefined
    },
    fstat: fd => this.#deviceOfDescriptor(fd),
    fchmod: fd => this.#deviceOfDescriptor(fd),
    close: fd => {
      const dev = this.#deviceOfDescriptor(fd)
      const bytes = this.#known.descriptors.bytesOfNew(fd)
      if (bytes !== undefined)
        this.#known.light.noteFile(this.#known.descriptors.nameOf(fd), bytes <= this.#known.mostWritten(dev))
      // The system may give the number to another file from now on.
      this.#known.descriptors.drop(fd)
      return dev
    },
    lstat: path => this.#deviceOfLook(path),
    exists: path => this.#deviceOfLook(path),
    stat: path => this.#known.places.ifLocal(fresh(this.#known.paths.find(path)?.followed)),
    readdir: dir => this.#known.dirs.deviceOfSmall(this.#known.paths.find(dir)),
    local: dir => this.#known.dirs.deviceOf(this.#known.paths.find(dir)),
    clocked: dir => this.#known.dirs.deviceOf(this.#known.paths.find(dir)),
    mkdir: dir => (typeof dir === 'string' ? this.#known.dirs.deviceOfNew(this.#known.paths.above(dir)) : undefined),
    rename: (from, to) => this.#known.dirs.deviceOf(this.#known.paths.aboveBoth(from, to)),
  }

  /** One that is in memory: it is new, it was opened a moment ago, or all files are. */
  #deviceOfFile(file: KnownPath): number | undefined {
    const known = this.#known.dirs.deviceOfNew(file)
    if (known !== undefined) return known
    const dir = this.#known.paths.above(file.path)
    // Asks where it is even if the call comes too late: its close comes soon.
    const isAboveLocal = !isFleeting(file.path) && this.#known.dirs.localDevice(dir) !== undefined
    const dev = this.#known.dirs.deviceIn(dir, file.path)
    return isAboveLocal && this.#known.descriptors.wasOpened(file) ? dev : this.#known.places.inMemory(dev)
  }

  #deviceOfLook(path: Path): number | undefined {
    const name = this.#known.paths.find(path)
    const known = this.#known.places.ifLocal(fresh(name?.look)) ?? this.#known.dirs.deviceOf(name)
    return (
      known ?? (typeof path === 'string' ? this.#known.dirs.deviceOfSmall(this.#known.paths.above(path)) : undefined)
    )
  }

  #deviceOfDescriptor(fd: number): number | undefined {
    return this.#known.places.ifLocal(this.#known.descriptors.find(fd))
  }

  /** The device of a name, if its directory is on a local one and the kernel of this machine keeps what has that name. */
  deviceIn(path: string): number | undefined {
    const dev = this.#known.dirs.localDevice(this.#known.paths.above(path))
    return dev !== undefined && this.isOwnPlace(path) ? dev : undefined
  }

  /** Is nothing mounted at a name like this that waits for another machine or process? */
  isOwnPlace(path: string): boolean {
    return this.#known.places.isOwnPlace(path)
  }

  /** Is the directory local? `undefined`: that is not known. */
  isLocal(path: string): boolean | undefined {
    const dir = this.#known.paths.of(path)
    return this.#known.dirs.localDevice(dir) !== undefined || (this.#known.places.isForeign(dir) ? false : undefined)
  }
}
