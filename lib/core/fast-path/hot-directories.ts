// What the kernel probably has in memory though this process did not use it a moment ago: what is needed of small things in
// a directory that a caller has called hot, as a store does. That is a guess, so ./inline-bounds.ts sees to it that it is
// given up where the disk shows to be needed.

import type { Call } from '../alphabet.js'
import type { Path } from '../names.js'
import { deviceBy, type Needs } from './call-tables.js'
import { isExclusive, isOneOfMany } from './descriptor-devices.js'
import { type Knowledge, mostReadBytes } from './knowledge.js'
import type { KnownPath } from './known-paths.js'

export class HotDirectories {
  readonly #known: Knowledge

  constructor(known: Knowledge) {
    this.#known = known
  }

  note(dir: string): void {
    this.#known.paths.of(dir).isHot = true
  }

  /** Returns the device that the call concerns, if it is local and the kernel may well have in memory what is needed. */
  find(call: Call): number | undefined {
    return deviceBy(this.#findBy, call)
  }

  readonly #findBy: Needs = {
    open: (path, flags) => (isOneOfMany(flags) || isExclusive(flags) ? this.#deviceIn(path) : undefined),
    read: (fd, into) => {
      const { descriptors, places } = this.#known
      const name = descriptors.nameOf(fd)
      if (!(into?.length <= mostReadBytes) || !name || !this.#aboveOf(name).isHot) return undefined
      return places.ifLocal(descriptors.find(fd))
    },
    lstat: path => this.#deviceIn(path),
    // A shard of a store has few entries, and one with many costs time only.
    readdir: dir => {
      const { dirs, paths } = this.#known
      const name = paths.find(dir)
      return name?.isHot ? dirs.localDevice(name) : this.#deviceIn(dir)
    },
    mkdir: path => this.#deviceIn(path),
    rmdir: path => this.#deviceIn(path),
    // Of a directory in there, and of what is in that: it is small, too.
    exists: path => (typeof path === 'string' ? this.#deviceOf(this.#known.paths.above(path)) : undefined),
    rename: (from, to) => {
      const dir = this.#known.paths.aboveBoth(from, to)
      return dir && (this.#deviceIn(from) ?? this.#deviceOf(dir))
    },
    // Of what is not known to be small, its size is looked at before (`looksBefore`).
    unlink: path =>
      typeof path === 'string' ? (this.#deviceIn(path) ?? this.#deviceOf(this.#known.paths.above(path))) : undefined,
  }

  /** Is the size of what the call removes to be looked at before? It may be big, and then that takes long. */
  looksBefore({ op, args: [path] }: Call): boolean {
    if (op !== 'unlink' || typeof path !== 'string') return false
    const { light, paths } = this.#known
    return paths.above(path).isHot && !light.isFile(paths.find(path))
  }

  #aboveOf({ above }: KnownPath): KnownPath {
    return this.#known.paths.of(above)
  }

  /** That of a name in a hot directory. */
  #deviceIn(path: Path): number | undefined {
    return typeof path === 'string' ? this.#deviceOfName(this.#known.paths.above(path), path) : undefined
  }

  /** That of a directory in a hot one. */
  #deviceOf(dir: KnownPath): number | undefined {
    return this.#deviceOfName(this.#aboveOf(dir), dir.path)
  }

  #deviceOfName(dir: KnownPath, path: string): number | undefined {
    return dir.isHot ? this.#known.dirs.deviceIn(dir, path) : undefined
  }
}
