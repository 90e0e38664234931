// What is known of each path that was used a moment ago: one record, so that a call looks its path up once, whatever is
// asked of it. All times are on the clock of ../moment.ts.

import { never } from '../moment.js'
import { RecentMap } from '../recent-map.js'
import { directoryOf } from './path-text.js'

/** What a look at a name has shown. */
export interface Look {
  readonly dev: number
  /** A path that leads to the device. For a link, that is its directory: the link may lead to another device. */
  readonly at: string
  readonly atMs: number
}

/** Each fact is filled by another file, which says what it is for. */
export class KnownPath {
  readonly path: string
  /** The device that it leads to (./local-places.ts), and when that was found. */
  dev: number | undefined = undefined
  devAtMs = never
  /** As a directory (./known-directories.ts): when this process made it, and when it was found to have few entries. */
  madeAtMs = never
  smallAtMs = never
  /** When this process last gave or removed a name in it (./busy-directories.ts). */
  busyAtMs = never
  /** A caller has called it hot (./hot-directories.ts). */
  isHot = false
  /** As a name (./kernel-cache.ts): the last look at it, and the last that followed it. */
  look: Look | undefined = undefined
  followed: Look | undefined = undefined
  /** When it had a small file, or nothing (./light-names.ts). */
  smallFileAtMs = never
  nothingAtMs = never
  /** As a file: when it was last given another name (./busy-directories.ts), and opened (./descriptor-devices.ts). */
  linkedAtMs = never
  openedAtMs = never
  #above: string | undefined

  constructor(path: string) {
    this.path = path
  }

  /** The path of the directory that it is in. */
  get above(): string {
    this.#above ??= directoryOf(this.path)
    return this.#above
  }
}

/** Programs that keep many small files use each rarely. A record takes about 400 bytes. */
const mostPaths = 20_000

export class KnownPaths {
  readonly #records = new RecentMap<KnownPath>(mostPaths)
  #lastAbove: KnownPath | undefined

  find(path: unknown): KnownPath | undefined {
    return typeof path === 'string' ? this.#records.get(path) : undefined
  }

  /** The record of the path, which is made if there is none. */
  of(path: string): KnownPath {
    const known = this.#records.get(path)
    if (known) return known
    const made = new KnownPath(path)
    this.#records.set(path, made)
    // The map may have dropped that record just now.
    this.#lastAbove = undefined
    return made
  }

  /** The record of the directory that the name is in. Names of one directory usually follow each other. */
  above(name: string): KnownPath {
    const last = this.#lastAbove
    if (last && isIn(last.path, name)) return last
    this.#lastAbove = this.of(directoryOf(name))
    return this.#lastAbove
  }

  /** The record of the directory that both names are in; undefined if they are in two, or are not text. */
  aboveBoth(one: unknown, other: unknown): KnownPath | undefined {
    if (typeof one !== 'string' || typeof other !== 'string') return undefined
    const dir = this.above(one)
    return isIn(dir.path, other) ? dir : undefined
  }
}

/** Is it the path of a name in the directory, at a fraction of the time that it takes to make that of its directory? */
function isIn(dir: string, name: string): boolean {
  const at = name.lastIndexOf('/')
  return at > 0 ? at === dir.length && name.startsWith(dir) : directoryOf(name) === dir
}
