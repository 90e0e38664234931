// The directories that this process made a moment ago: all that is in them is in the kernel's memory.

import { isKeyOfOpen } from './held-paths.js'
import { lastReadMs, type Used, wasUsed } from './moment.js'
import { parentOf, pathMap, rename } from './path-maps.js'

export class NewDirectories {
  readonly #made = pathMap<Used>()

  has(dir: string): boolean {
    return wasUsed(this.#made.get(dir))
  }

  add(dir: string): void {
    this.#made.set(dir, { usedAtMs: lastReadMs() })
  }

  /** The directory `dir` is open, and has that key as well. */
  open(dir: string, key: string): void {
    const made = this.#made.get(dir)
    if (made) this.#made.set(key, made)
  }

  move(from: string, to: string): void {
    rename(this.#made, from, to)
  }

  /** The directory above that is not new; a new one is on the same device. */
  above(dir: string): string {
    let at = dir
    while (this.has(at) && !isKeyOfOpen(at)) at = parentOf(at)
    return at
  }
}
