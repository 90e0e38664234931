// The directories that were found to have few entries: to list one of them again takes the kernel little.

import { lastReadMs, type Used, wasUsed } from './moment.js'
import { keep } from './path-maps.js'

/** A cell (../cell.ts) has one entry, and systems sometimes add one of theirs. A rename in there replaces nothing. */
const maxEntries = 2

export class SmallDirectories {
  readonly #seen = new Map<string, Used>()

  /** Notes what is in the directory. */
  note(dir: string, { length }: readonly unknown[]): void {
    if (length > maxEntries) this.#seen.delete(dir)
    else keep(this.#seen, dir, { usedAtMs: lastReadMs() })
  }

  /** Was it small when it was last seen, however long ago? */
  was(dir: string): boolean {
    return this.#seen.has(dir)
  }

  /** Was it small a moment ago? */
  has(dir: string): boolean {
    return wasUsed(this.#seen.get(dir))
  }
}
