// The directories that were found to have few entries: to list one of them again takes the kernel little.

import { WarmPaths } from './warm-paths.js'

/** A cell (../cell.ts) has one entry, and systems sometimes add one of theirs. A rename in there replaces nothing. */
const maxEntries = 2

export class SmallDirectories {
  readonly #seen = new WarmPaths()

  /** Notes what is in the directory. */
  note(dir: string, { length }: readonly unknown[]): void {
    if (length > maxEntries) this.#seen.delete(dir)
    else this.#seen.add(dir)
  }

  /** One of its entries was renamed in there. */
  noteRename(dir: string): void {
    if (this.#seen.has(dir)) this.#seen.add(dir)
  }

  /** Was it small when it was last seen, however long ago? */
  was(dir: string): boolean {
    return this.#seen.had(dir)
  }

  /** Was it small a moment ago? */
  has(dir: string): boolean {
    return this.#seen.has(dir)
  }
}
