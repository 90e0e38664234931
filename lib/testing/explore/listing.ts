// `readdir` and `list` in two steps: a directory is opened, and what it shows later depends on what has happened meanwhile.

import { readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { Ground } from './ground.js'

/** The argument of the first step: the directory is to be opened. */
export class Opening {
  constructor(readonly path: string) {}
}

/**
 * The argument of the second step: the directory is open, and is to be read. It is bound to its inode: it may have been
 * renamed meanwhile, and if it was removed it shows nothing.
 */
export class Listing {
  readonly inode: string
  /** The names that are there now, and came after it was opened. */
  late: readonly string[] = []
  readonly #ground: Ground
  /** Where it was when it was opened, without links on the way. */
  readonly #realPath: string
  /** The names that have been there since it was opened, with the inode that each one names. */
  #early: ReadonlyMap<string, string>

  /** `path`: as the player spelt it. */
  constructor(
    readonly path: string,
    ground: Ground,
  ) {
    this.#ground = ground
    const held = ground.directoryOf(path)
    this.#realPath = held ? `${ground.root}${held.place}` : realpathSync.native(path)
    this.inode = held ? held.inode : (ground.inodesAt(this.#realPath)[0] as string)
    this.#early = this.#namesNow()
  }

  /** A call has changed something, perhaps here. */
  update(): void {
    const now = this.#namesNow()
    this.#early = new Map([...this.#early].filter(([name, inode]) => now.get(name) === inode))
    this.late = [...now.keys()].filter(name => !this.#early.has(name))
  }

  #namesNow(): Map<string, string> {
    const place = this.place()
    if (place === undefined) return new Map()
    const names = readdirSync(place).sort()
    return new Map(names.map(name => [name, this.#ground.inodesAt(join(place, name))[0] as string]))
  }

  /** Where the directory is now; undefined if it was removed. */
  place(): string | undefined {
    return this.#isAt(this.#realPath) ? this.#realPath : this.#placeBelow(this.#ground.root)
  }

  #placeBelow(dir: string): string | undefined {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue
      const path = join(dir, entry.name)
      const place = this.#isAt(path) ? path : this.#placeBelow(path)
      if (place !== undefined) return place
    }
    return undefined
  }

  #isAt(path: string): boolean {
    return this.#ground.inodesAt(path)[0] === this.inode
  }
}
