// The directories whose entries are in the kernel's memory: those that are new, and those that were read and have few.

import type { Path } from './alphabet.js'
import type { LocalPlaces } from './local-places.js'
import { NewDirectories } from './new-directories.js'
import { parentOf } from './path-maps.js'
import { SmallDirectories } from './small-directories.js'

export class KnownDirectories {
  readonly #places: LocalPlaces
  readonly #small = new SmallDirectories()
  readonly #new = new NewDirectories()

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

  /** That of any directory. One that this process made a moment ago is where the one above it is. */
  localDevice(dir: string): number | undefined {
    return this.#places.localDevice(this.#new.above(dir))
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
