// The directories whose entries are in the kernel's memory: those that this process made a moment ago, and those that were
// found to have few. Of the hot ones a caller says that most of what is in them is in memory, too.

import { lastReadMs, never, warmMs, wasUsed } from '../moment.js'
import { isKeyOfOpen } from './held-paths.js'
import type { KnownPath, KnownPaths } from './known-paths.js'
import type { LocalPlaces } from './local-places.js'

/** A cell (../../cell.ts) has one entry, and systems sometimes add one of theirs. A rename in there replaces nothing. */
const mostOfFew = 2

export class KnownDirectories {
  readonly #places: LocalPlaces
  readonly #paths: KnownPaths

  constructor(places: LocalPlaces, paths: KnownPaths) {
    this.#places = places
    this.#paths = paths
  }

  /** The device of one whose entries are in memory, if it is local. So do all that follow. */
  deviceOf(dir: KnownPath | undefined): number | undefined {
    return this.deviceOfNew(dir) ?? this.deviceOfSmall(dir)
  }

  deviceOfNew(dir: KnownPath | undefined): number | undefined {
    return dir && this.isNew(dir) ? this.localDevice(dir) : undefined
  }

  deviceOfSmall(dir: KnownPath | undefined): number | undefined {
    if (!dir || dir.smallAtMs === never) return undefined
    // Asks where it is even if the call comes too late, because others usually follow it.
    const dev = this.localDevice(dir)
    return wasUsed(dir.smallAtMs, warmMs) ? dev : undefined
  }

  /**
   * That of any directory. One that this process made a moment ago is where the one above it is; so is a hot one, and one in
   * there.
   */
  localDevice(dir: KnownPath): number | undefined {
    let at = dir
    while (this.isNew(at) && !isKeyOfOpen(at.path)) at = this.#paths.of(at.above)
    if (this.#paths.find(at.above)?.isHot && this.#places.isOwnPlace(at.path)) at = this.#paths.of(at.above)
    if (at.isHot && this.#places.isOwnPlace(at.path)) at = this.#paths.of(at.above)
    return this.#places.localDevice(at)
  }

  /** That of a name in a known directory, if the kernel of this machine alone keeps whatever has that name. */
  deviceIn(dir: KnownPath, path: string): number | undefined {
    if (!dir.isHot) return this.#places.deviceIn(dir, path)
    const dev = this.localDevice(dir)
    return dev !== undefined && this.#places.isOwnPlace(path) ? dev : undefined
  }

  isNew(dir: KnownPath): boolean {
    return wasUsed(dir.madeAtMs)
  }

  noteMade(dir: KnownPath): void {
    dir.madeAtMs = lastReadMs()
    this.deviceOfNew(dir)
  }

  noteRead(dir: KnownPath, { length }: readonly unknown[]): void {
    dir.smallAtMs = length > mostOfFew ? never : lastReadMs()
    this.deviceOfSmall(dir)
  }

  /** The directory is open, and is known as `held` as well. */
  noteOpen(dir: KnownPath | undefined, held: KnownPath): void {
    if (dir) held.madeAtMs = dir.madeAtMs
  }

  /** A name in the directory was given to something else in there. */
  noteRenameIn(dir: KnownPath): void {
    if (wasUsed(dir.smallAtMs, warmMs)) dir.smallAtMs = lastReadMs()
  }

  /** After a rename, `to` is what `from` was. */
  move(from: KnownPath | undefined, to: KnownPath): void {
    to.madeAtMs = from?.madeAtMs ?? never
    if (from) from.madeAtMs = never
  }
}
