// What the kernel probably has in memory though this process did not use it a moment ago: what is needed of small things in
// a directory that a caller has called hot, as a store does. That is a guess, so ./inline-bounds.ts sees to it that it is
// given up where the disk shows to be needed.

import type { Call, Path } from './alphabet.js'
import { deviceBy, type Needs } from './call-tables.js'
import type { DescriptorDevices } from './descriptor-devices.js'
import { isExclusive, isOneOfMany } from './descriptor-devices.js'
import type { KnownDirectories } from './known-directories.js'
import type { LightNames } from './light-names.js'
import type { LocalPlaces } from './local-places.js'
import { parentOf, sharedParent } from './path-maps.js'

/** What is known otherwise. */
interface Known {
  readonly places: LocalPlaces
  readonly dirs: KnownDirectories
  readonly descriptors: DescriptorDevices
  readonly light: LightNames
}

export class HotDirectories {
  readonly #known: Known
  readonly #mostBytes: number

  /** `mostBytes`: of what is read inline. */
  constructor(known: Known, mostBytes: number) {
    this.#known = known
    this.#mostBytes = mostBytes
  }

  note(dir: string): void {
    this.#known.dirs.noteHot(dir)
  }

  /** Returns the device that the call concerns, if it is local and the kernel may well have in memory what is needed. */
  find(call: Call): number | undefined {
    return deviceBy(this.#findBy, call)
  }

  readonly #findBy: Needs = {
    open: (path, flags) => (isOneOfMany(flags) || isExclusive(flags) ? this.#deviceIn(path) : undefined),
    read: (fd, into) => {
      const { descriptors, dirs, places } = this.#known
      const path = descriptors.pathOf(fd)
      if (!(into?.length <= this.#mostBytes) || path === undefined || !this.#isIn(path)) return undefined
      return places.ifLocal(descriptors.find(fd, dir => dirs.localDevice(dir)))
    },
    lstat: path => this.#deviceIn(path),
    readdir: dir => this.#deviceIn(dir),
    mkdir: path => this.#deviceIn(path),
    rmdir: path => this.#deviceIn(path),
    // Of a directory in there, and of what is in that: it is small, too.
    exists: path => this.#deviceIn(parentOf(path)),
    rename: (from, to) => {
      const dir = sharedParent(from, to)
      return dir === undefined ? undefined : (this.#deviceIn(from) ?? this.#deviceIn(dir))
    },
    unlink: path => {
      if (typeof path !== 'string') return undefined
      return this.#known.light.isFile(path) ? this.#deviceIn(path) : this.#deviceIn(parentOf(path))
    },
  }

  #isIn(path: Path): path is string {
    return typeof path === 'string' && this.#known.dirs.isHot(parentOf(path))
  }

  #deviceIn(path: Path): number | undefined {
    return this.#isIn(path) ? this.#known.dirs.deviceIn(path) : undefined
  }
}
