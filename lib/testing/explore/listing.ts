// What a directory shows to a process that has opened it, and reads it later. The handle is bound to the inode: to rename
// the directory meanwhile makes no difference, and one that was removed shows nothing.

import { readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { Ground } from './ground.js'

/** The first part of `readdir` and `list`, as their argument: the directory is to be opened. */
export class Opening {
  constructor(readonly path: string) {}
}

/** Their second part: the directory is open, and is to be read. */
export class Listing {
  readonly inode: string
  /** Where it was when it was opened, without links on the way. */
  readonly #realPath: string
  /** The names that have been there since it was opened, and what each is a name of. */
  #early: ReadonlyMap<string, string>
  /** The names that are there now, and came later. */
  late: readonly string[] = []

  constructor(
    readonly path: string,
    readonly ground: Ground,
  ) {
    this.#realPath = realpathSync.native(path)
    this.inode = ground.inodesAt(this.#realPath)[0] as string
    this.#early = this.#names()
  }

  /** Where the directory is now; undefined if it was removed. */
  place(): string | undefined {
    if (this.#isAt(this.#realPath)) return this.#realPath
    const below = (dir: string): string | undefined => {
      for (const entry of readdirSync(dir, { withFileTypes: true })) {
        const path = join(dir, entry.name)
        if (!entry.isDirectory()) continue
        const found = this.#isAt(path) ? path : below(path)
        if (found !== undefined) return found
      }
      return undefined
    }
    return below(this.ground.root)
  }

  #isAt(path: string): boolean {
    return this.ground.inodesAt(path)[0] === this.inode
  }

  /** Something was changed: which of the names have not changed since it was opened? */
  update(): void {
    const now = this.#names()
    this.#early = new Map([...this.#early].filter(([name, inode]) => now.get(name) === inode))
    this.late = [...now.keys()].filter(name => !this.#early.has(name))
  }

  #names(): Map<string, string> {
    const place = this.place()
    const names = place === undefined ? [] : readdirSync(place).sort()
    return new Map(names.map(name => [name, this.ground.inodesAt(join(place as string, name))[0] as string]))
  }
}
