// What the kernel probably has in memory of a directory in which this process gave or removed a name a moment ago: all that it
// takes to give another one. That is a guess, so ./inline-bounds.ts sees to it that it is given up where the disk shows to
// be needed. What another call would have to read, or to free, must be known to be little (./light-names.ts).

import type { Call, Op } from '../alphabet.js'
import { lastReadMs, warmMs, wasUsed } from '../moment.js'
import type { Path } from '../names.js'
import { deviceBy, type Needs } from './call-tables.js'
import { isExclusive } from './descriptor-devices.js'
import type { Knowledge } from './knowledge.js'
import type { KnownPath } from './known-paths.js'

export class BusyDirectories {
  readonly #known: Knowledge

  constructor(known: Knowledge) {
    this.#known = known
  }

  /** Returns the device that the call concerns, if it is local and the kernel may well have in memory what is needed. */
  find(call: Call): number | undefined {
    return deviceBy(this.#findBy, call)
  }

  readonly #findBy: Needs = {
    open: (path, flags) => (isExclusive(flags) ? this.#deviceFor(path) : undefined),
    mkdir: path => this.#deviceFor(path),
    symlink: (_, path) => this.#deviceFor(path),
    link: (existing, path) => {
      const dev = this.#deviceFor(path)
      return dev !== undefined && this.#isReady(existing, dev) ? dev : undefined
    },
    // On a disk, a file that replaces another one may be written to the disk at once.
    rename: (from, to) => {
      const { light, paths, places } = this.#known
      const dir = paths.aboveBoth(from, to)
      if (!dir) return undefined
      const name = paths.find(to)
      if (light.isFree(name)) return this.#deviceOf(dir)
      return light.isFile(name) ? places.inMemory(this.#deviceOf(dir)) : undefined
    },
    // What has another name is not freed.
    unlink: path => {
      const { light, paths } = this.#known
      const name = paths.find(path)
      return light.isFile(name) || this.#isLinked(name) ? this.#deviceFor(path) : undefined
    },
    rmdir: path => this.#known.places.inMemory(this.#deviceFor(path)),
    lstat: path => {
      const { light, paths, places } = this.#known
      const dev = this.#deviceFor(path)
      const name = dev === undefined ? undefined : paths.find(path)
      return light.isFree(name) || light.isFile(name) ? dev : places.inMemory(dev)
    },
  }

  /** A filesystem of layers copies a file when it gets another name for the first time. */
  #isReady(file: Path, dev: number): boolean {
    const { light, paths, places } = this.#known
    const known = paths.find(file)
    if (light.isFile(known) || this.#isLinked(known)) return true
    return typeof file === 'string' && paths.above(file).isHot && !places.isLayered(dev)
  }

  #isLinked(file: KnownPath | undefined): boolean {
    return file !== undefined && wasUsed(file.linkedAtMs, warmMs)
  }

  /** That of a name in a directory that is busy, or that a caller has called hot. */
  #deviceFor(path: Path): number | undefined {
    return typeof path === 'string' ? this.#deviceOf(this.#known.paths.above(path)) : undefined
  }

  #deviceOf(dir: KnownPath): number | undefined {
    return dir.isHot || wasUsed(dir.busyAtMs, warmMs) ? this.#known.dirs.localDevice(dir) : undefined
  }

  /** Notes a call that succeeded. */
  note({ op, args }: Call): void {
    const path = givenBy[op]?.(args)
    const { paths } = this.#known
    if (typeof path === 'string') paths.above(path).busyAtMs = lastReadMs()
    if (op === 'link' && typeof args[0] === 'string') paths.of(args[0]).linkedAtMs = lastReadMs()
  }
}

/** By the call: the name that it gave or removed. */
const givenBy: { readonly [O in Op]?: (args: readonly unknown[]) => unknown } = {
  open: ([path, flags]) => (isExclusive(flags) ? path : undefined),
  mkdir: ([path]) => path,
  symlink: ([, path]) => path,
  link: ([, path]) => path,
  rename: ([, path]) => path,
  unlink: ([path]) => path,
}
