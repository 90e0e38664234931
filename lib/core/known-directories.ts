// The directories whose entries are in the kernel's memory: those that are new, and those that were read and have few; and
// the hot ones, of which a caller says that most of what is in them is.

import type { Path } from './alphabet.js'
import type { LocalPlaces } from './local-places.js'
import { NewDirectories } from './new-directories.js'
import { parentOf, pathMap } from './path-maps.js'
import { SmallDirectories } from './small-directories.js'

/** A store has 256 of them. */
const mostHot = 5000

export class KnownDirectories {
  readonly #places: LocalPlaces
  readonly #small = new SmallDirectories()
  readonly #new = new NewDirectories()
  readonly #hot = pathMap<true>(mostHot)

  constructor(places: LocalPlaces) {
    this.#places = places
  }

  /** The device of one whose entries are in memory, if it is local. So do all that follow. */
  deviceOf(dir: Path): number | undefined {
    return this.deviceOfNew(dir) ?? this.deviceOfSmall(dir as string)
  }

  deviceOfNew(dir: Path): number | undefined {
    return this.isNew(dir) ? this.localDevice(dir) : undefined
  }

  deviceOfSmall(dir: string): number | undefined {
    // Asks where it is even if the call comes too late, because others usually follow it.
    const dev = this.#small.was(dir) ? this.localDevice(dir) : undefined
    return this.#small.has(dir) ? dev : undefined
  }

  /**
   * That of any directory. One that this process made a moment ago is where the one above it is; so is a hot one, and one in
   * there.
   */
  localDevice(dir: string): number | undefined {
    let at = this.#new.above(dir)
    if (this.isHot(parentOf(at)) && this.#places.isOwnPlace(at)) at = parentOf(at)
    if (this.isHot(at) && this.#places.isOwnPlace(at)) at = parentOf(at)
    return this.#places.localDevice(at)
  }

  /** That of a name in a known directory, if the kernel of this machine alone keeps whatever has that name. */
  deviceIn(path: string): number | undefined {
    const dir = parentOf(path)
    if (!this.isHot(dir)) return this.#places.deviceIn(path)
    const dev = this.localDevice(dir)
    return dev !== undefined && this.#places.isOwnPlace(path) ? dev : undefined
  }

  isHot(dir: string): boolean {
    return this.#hot.get(dir) === true
  }

  noteHot(dir: string): void {
    this.#hot.set(dir, true)
  }

  isNew(dir: Path): dir is string {
    return typeof dir === 'string' && this.#new.has(dir)
  }

  noteMade(dir: Path): void {
    if (typeof dir === 'string') this.#new.add(dir)
    this.deviceOfNew(dir)
  }

  noteRead(dir: string, names: readonly unknown[]): void {
    this.#small.note(dir, names)
    this.deviceOfSmall(dir)
  }

  /** The directory `dir` is open, and has that key as well. */
  noteOpen(dir: string, key: string): void {
    this.#new.open(dir, key)
  }

  noteRename(from: string, to: string): void {
    this.#new.move(from, to)
    this.#small.noteRename(parentOf(to))
  }
}
