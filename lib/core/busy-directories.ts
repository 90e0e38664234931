// What the kernel probably has in memory of a directory in which this process gave or removed a name a moment ago: all that it
// takes to give another one. That is a guess, so ./inline-bounds.ts sees to it that it is given up where the disk shows to
// be needed. What another call would have to read, or to free, must be known to be little (./light-names.ts).

import type { Call, Op, Path } from './alphabet.js'
import { deviceBy, type Needs } from './call-tables.js'
import { isExclusive } from './descriptor-devices.js'
import type { KnownDirectories } from './known-directories.js'
import type { LightNames } from './light-names.js'
import type { LocalPlaces } from './local-places.js'
import { parentOf, sharedParent } from './path-maps.js'
import { WarmPaths } from './warm-paths.js'

/** What is known otherwise. */
interface Known {
  readonly places: LocalPlaces
  readonly dirs: KnownDirectories
  readonly light: LightNames
}

export class BusyDirectories {
  readonly #known: Known
  readonly #busy = new WarmPaths()
  /** The files that were given another name a moment ago. */
  readonly #linked = new WarmPaths()

  constructor(known: Known) {
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
    // Some filesystems copy a file when it gets another name for the first time.
    link: (existing, path) => (this.#isReady(existing) ? this.#deviceFor(path) : undefined),
    // On a disk, a file that replaces another one may be written to the disk at once.
    rename: (from, to) => {
      if (sharedParent(from, to) === undefined) return undefined
      const { light, places } = this.#known
      if (light.isFree(to)) return this.#deviceFor(to)
      return light.isFile(to) ? places.inMemory(this.#deviceFor(to)) : undefined
    },
    unlink: path => (this.#known.light.isFile(path) ? this.#deviceFor(path) : undefined),
    rmdir: path => this.#known.places.inMemory(this.#deviceFor(path)),
    lstat: path => {
      const { light, places } = this.#known
      const dev = this.#deviceFor(path)
      return light.isFree(path) || light.isFile(path) ? dev : places.inMemory(dev)
    },
  }

  #isReady(file: Path): boolean {
    return this.#known.light.isFile(file) || (typeof file === 'string' && this.#linked.has(file))
  }

  /** That of a name in a busy directory. */
  #deviceFor(path: Path): number | undefined {
    if (typeof path !== 'string') return undefined
    const dir = parentOf(path)
    return this.#busy.has(dir) ? this.#known.dirs.localDevice(dir) : undefined
  }

  /** Notes a call that succeeded. */
  note({ op, args }: Call): void {
    const path = givenBy[op]?.(args)
    if (typeof path === 'string') this.#busy.add(parentOf(path))
    if (op === 'link' && typeof args[0] === 'string') this.#linked.add(args[0])
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
