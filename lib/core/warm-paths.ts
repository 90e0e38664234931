// Paths of which the kernel probably has in memory what was used of them.

import { lastReadMs, warmMs } from './moment.js'
import { pathMap } from './path-maps.js'

/** Programs that keep things in cells use many, each rarely. A path takes about 200 bytes. */
const mostPaths = 20_000

export class WarmPaths {
  /** When each was used last. */
  readonly #usedAtMs = pathMap<number>(mostPaths)

  add(path: string): void {
    this.#usedAtMs.set(path, lastReadMs())
  }

  delete(path: string): void {
    this.#usedAtMs.delete(path)
  }

  /** Was it used a moment ago? */
  has(path: string): boolean {
    const atMs = this.#usedAtMs.get(path)
    return atMs !== undefined && lastReadMs() - atMs < warmMs
  }

  /** Was it used, however long ago? */
  had(path: string): boolean {
    return this.#usedAtMs.get(path) !== undefined
  }
}
