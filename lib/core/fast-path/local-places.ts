// Which devices are local, and which device a path leads to. Only a local filesystem may be touched inline, so nothing
// here may touch any but procfs: what is known comes from calls that the pool made anyway, or is asked in the pool meanwhile.
//
// Knowledge holds for a moment. A filesystem may be mounted over a directory, and the kernel gives the number of a
// device that is gone to the next one: a tmpfs that is unmounted and a FUSE mount made afterwards may have one number.
// What is in use is asked again at half that time, so that a call rarely finds it out of date.

import { isInlineKind, isLayeredKind, isMemoryKind } from '../filesystem-kinds.js'
import { agingMs, lastReadMs, never, readClock, wasUsed } from '../moment.js'
import { namesOfOthers } from '../mount-table.js'
import { realPath } from './held-paths.js'
import type { KnownPath, KnownPaths, Look } from './known-paths.js'

/** How to ask, in the pool unless it says otherwise. A rejection means that it cannot be known now. */
export interface Questions {
  where(path: string): Promise<{ dev: number }>
  /** The kind of filesystem that `path` leads to, as ../filesystem-kinds.ts numbers it. */
  kind(path: string): Promise<number>
  /** What is mounted, as /proc/self/mountinfo says; undefined if it cannot be read. Asked inline: it is in memory. */
  mounts(): string | undefined
}

/** What is known of a device: `memory` and `layered` are local, too. */
type Kind = 'foreign' | 'local' | 'memory' | 'layered'

/** A cell, and what is beside it, is that far below the directory of a store. */
const levelsAbove = 2

/** On a filesystem that does not reply each of them keeps a thread of the pool. */
const maxQuestions = 2

const kindOf = (kind: number): Kind => {
  if (isMemoryKind(kind)) return 'memory'
  if (isLayeredKind(kind)) return 'layered'
  return isInlineKind(kind) ? 'local' : 'foreign'
}

export class LocalPlaces {
  readonly #ask: Questions
  readonly #paths: KnownPaths
  readonly #kinds = new Map<number, { readonly kind: Kind; readonly atMs: number }>()
  readonly #asking = new Set<string>()
  /** The names at which filesystems are mounted that are not kept by this machine's kernel alone. */
  #others: ReadonlySet<string> | undefined
  /** How long they are: most names are of another length, and to see that takes less time than to look them up. */
  #lengthsOfOthers: ReadonlySet<number> = new Set()
  #othersAtMs = never

  constructor(ask: Questions, paths: KnownPaths) {
    this.#ask = ask
    this.#paths = paths
  }

  /** Notes where the path was seen to lead. */
  note(place: KnownPath, dev: number): void {
    place.dev = dev
    place.devAtMs = lastReadMs()
  }

  /** After a rename, `to` is what `from` was. */
  move(from: KnownPath | undefined, to: KnownPath): void {
    to.dev = from?.dev
    to.devAtMs = from?.devAtMs ?? never
    if (from) from.dev = undefined
  }

  /** Returns the device that the path leads to, if that is known. */
  device(place: KnownPath | undefined): number | undefined {
    return place && wasUsed(place.devAtMs) ? place.dev : undefined
  }

  /** The same, if the device is local. What is not known, or will not be for long, is asked for later calls. */
  localDevice(place: KnownPath): number | undefined {
    const dev = this.#find(place, levelsAbove)
    return dev !== undefined && this.isLocal(dev, place.path) ? dev : undefined
  }

  /**
   * What was seen before to be where the directory above it is need not be asked again: that one is, and many things share
   * it.
   */
  #find(place: KnownPath, levels: number): number | undefined {
    const { dev } = place
    if (dev !== undefined && wasUsed(place.devAtMs, agingMs)) return dev
    if (dev !== undefined && levels > 0 && this.isOwnPlace(place.path)) {
      const above = this.#paths.of(place.above)
      if (this.#find(above, levels - 1) === dev) {
        place.devAtMs = above.devAtMs
        return dev
      }
    }
    this.#learn(place.path)
    return this.device(place)
  }

  /** Is the device local? `at` is a path that leads to it, by which the pool can ask. */
  isLocal(dev: number, at: string): boolean {
    const known = this.#kinds.get(dev)
    if (!known || !wasUsed(known.atMs, agingMs)) this.#learn(at)
    return known !== undefined && known.kind !== 'foreign' && wasUsed(known.atMs)
  }

  ifLocal(found: Pick<Look, 'dev' | 'at'> | undefined): number | undefined {
    return found && this.isLocal(found.dev, found.at) ? found.dev : undefined
  }

  /** Returns the device if it has all its files in memory, as far as is known. */
  inMemory(dev: number | undefined): number | undefined {
    return this.#isOfKind(dev, 'memory') ? dev : undefined
  }

  #isOfKind(dev: number | undefined, kind: Kind): boolean {
    const known = dev === undefined ? undefined : this.#kinds.get(dev)
    return known !== undefined && known.kind === kind && wasUsed(known.atMs)
  }

  isLayered(dev: number | undefined): boolean {
    return dev !== undefined && this.#kinds.get(dev)?.kind === 'layered'
  }

  /**
   * The device of a name in a known directory: that of the directory, unless something is mounted there. Returns it only
   * if the kernel of this machine alone keeps whatever has that name.
   */
  deviceIn(dir: KnownPath, path: string): number | undefined {
    const dev = this.device(dir)
    return dev !== undefined && this.isOwnPlace(path) ? dev : undefined
  }

  /** Is nothing mounted at a name like this that waits for another machine or process? */
  isOwnPlace(path: string): boolean {
    if (!wasUsed(this.#othersAtMs)) {
      this.#others = namesOfOthers(this.#ask.mounts() ?? '')
      this.#lengthsOfOthers = new Set([...(this.#others ?? [])].map(name => name.length))
      this.#othersAtMs = lastReadMs()
    }
    if (this.#others === undefined || this.#others.size === 0) return this.#others !== undefined
    const at = path.lastIndexOf('/') + 1
    return !this.#lengthsOfOthers.has(path.length - at) || !this.#others.has(path.slice(at))
  }

  /** Is it known that the path leads to a device that is not local? */
  isForeign(place: KnownPath): boolean {
    return this.#isOfKind(this.device(place), 'foreign')
  }

  #learn(path: string): void {
    if (this.#asking.has(path) || this.#asking.size >= maxQuestions) return
    this.#asking.add(path)
    const forget = () => this.#asking.delete(path)
    // What cannot be asked stays unknown, until a later call asks again.
    this.#learnFrom(path).then(forget, forget)
  }

  async #learnFrom(path: string): Promise<void> {
    const atMs = readClock()
    const at = realPath(path)
    const { dev } = await this.#ask.where(at)
    const place = this.#paths.of(path)
    place.dev = dev
    place.devAtMs = atMs
    const known = this.#kinds.get(dev)
    if (known && wasUsed(known.atMs, agingMs)) return
    const kind = await this.#ask.kind(at)
    // If the path leads elsewhere meanwhile, the kind may be that of another device.
    const again = await this.#ask.where(at)
    if (again.dev === dev) this.#kinds.set(dev, { kind: kindOf(kind), atMs })
  }
}
