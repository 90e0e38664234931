// The names that this process looked at a moment ago, and the device of each.

import type { Path } from './alphabet.js'
import { agingMs, lastReadMs, type Used, wasUsed } from './moment.js'
import { parentOf, pathMap } from './path-maps.js'
import type { Stats } from './stats.js'

export interface Name extends Used {
  readonly dev: number
  /** A path that leads to the device. For a link, that is its directory: the link may lead to another device. */
  readonly at: string
}

export class SeenNames {
  readonly #names = pathMap<Name>()

  find(path: Path): Name | undefined {
    const name = typeof path === 'string' ? this.#names.get(path) : undefined
    return wasUsed(name) ? name : undefined
  }

  /** Returns the name, unless it was noted a moment ago: in one go, the same names are often looked at again. */
  note(path: string, stats: Stats): Name | undefined {
    const dev = Number(stats.dev)
    const known = this.#names.get(path)
    if (wasUsed(known, agingMs) && known.dev === dev) return undefined
    const name = { dev, at: stats.isSymbolicLink() ? parentOf(path) : path, usedAtMs: lastReadMs() }
    this.#names.set(path, name)
    return name
  }

  /** `to` is the inode that `from` is, or was. */
  noteSame(from: Path, to: Path): void {
    const known = typeof from === 'string' ? this.#names.get(from) : undefined
    if (known && typeof to === 'string') this.#names.set(to, { ...known, at: known.at === from ? to : parentOf(to) })
  }

  drop(path: string): void {
    this.#names.delete(path)
  }
}
