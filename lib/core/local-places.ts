// Which devices are local, and which device a path leads to. Only a local filesystem may be touched inline, so nothing
// here may touch any but procfs: what is known comes from calls that the pool made anyway, or is asked in the pool meanwhile.
//
// Knowledge holds for a moment. A filesystem may be mounted over a directory, and the kernel gives the number of a
// device that is gone to the next one: a tmpfs that is unmounted and a FUSE mount made afterwards may have one number.
// What is in use is asked again at half that time, so that a call rarely finds it out of date.

import { isInlineKind, isMemoryKind } from './filesystem-kinds.js'
import { realPath } from './held-paths.js'
import { agingMs, lastReadMs, readClock, type Used, wasUsed } from './moment.js'
import { namesOfOthers } from './mount-table.js'
import { parentOf, pathMap, rename } from './path-maps.js'

/** How to ask, in the pool unless it says otherwise. A rejection means that it cannot be known now. */
export interface Questions {
  where(path: string): Promise<{ dev: number }>
  /** The kind of filesystem that `path` leads to, as ./filesystem-kinds.ts numbers it. */
  kind(path: string): Promise<number>
  /** What is mounted, as /proc/self/mountinfo says; undefined if it cannot be read. Asked inline: it is in memory. */
  mounts(): string | undefined
}

/** What is known of a device: `memory` is local, too. */
type Kind = 'foreign' | 'local' | 'memory'

interface Known<T> extends Used {
  readonly value: T
}

/** Those of many cells, as a store has them. */
const mostDevices = 20_000

/** A cell, and what is beside it, is that far below the directory of a store. */
const levelsAbove = 2

/** On a filesystem that does not reply each of them keeps a thread of the pool. */
const maxQuestions = 2

const kindOf = (kind: number): Kind => (isMemoryKind(kind) ? 'memory' : isInlineKind(kind) ? 'local' : 'foreign')

export class LocalPlaces {
  readonly #ask: Questions
  readonly #kinds = new Map<number, Known<Kind>>()
  /** By path: the device that it leads to. */
  readonly #devices = pathMap<Known<number>>(mostDevices)
  readonly #asking = new Set<string>()
  /** The names at which filesystems are mounted that are not kept by this machine's kernel alone. */
  #others: Known<ReadonlySet<string> | undefined> | undefined

  constructor(ask: Questions) {
    this.#ask = ask
  }

  /** Notes where `path` was seen to lead. */
  note(path: string, dev: number): void {
    this.#devices.set(path, { value: dev, usedAtMs: lastReadMs() })
  }

  /** After a rename, `to` is what `from` was. */
  move(from: string, to: string): void {
    rename(this.#devices, from, to)
  }

  /** Returns the device that `path` leads to, if that is known. */
  device(path: string): number | undefined {
    const known = this.#devices.get(path)
    return wasUsed(known) ? known.value : undefined
  }

  /** The same, if the device is local. What is not known, or will not be for long, is asked for later calls. */
  localDevice(path: string): number | undefined {
    const known = this.#find(path, levelsAbove)
    return known && this.isLocal(known.value, path) ? known.value : undefined
  }

  /**
   * What was seen before to be where the directory above it is need not be asked again: that one is, and many things share
   * it.
   */
  #find(path: string, levels: number): Known<number> | undefined {
    const known: Known<number> | undefined = this.#devices.get(path)
    if (known && lastReadMs() - known.usedAtMs < agingMs) return known
    const above = known && levels > 0 && this.isOwnPlace(path) ? this.#find(parentOf(path), levels - 1) : undefined
    if (above && above.value === known?.value) {
      this.#devices.set(path, above)
      return above
    }
    this.#learn(path)
    return wasUsed(known) ? known : undefined
  }

  /** Is the device local? `at` is a path that leads to it, by which the pool can ask. */
  isLocal(dev: number, at: string): boolean {
    const known = this.#kinds.get(dev)
    if (!wasUsed(known, agingMs)) this.#learn(at)
    return wasUsed(known) && known.value !== 'foreign'
  }

  ifLocal(found: { readonly dev: number; readonly at: string } | undefined): number | undefined {
    return found && this.isLocal(found.dev, found.at) ? found.dev : undefined
  }

  /** Returns the device if it has all its files in memory, as far as is known. */
  inMemory(dev: number | undefined): number | undefined {
    const known = dev === undefined ? undefined : this.#kinds.get(dev)
    return wasUsed(known) && known.value === 'memory' ? dev : undefined
  }

  /**
   * The device of a name in a known directory: that of the directory, unless something is mounted there. Returns it only
   * if the kernel of this machine alone keeps whatever has that name.
   */
  deviceIn(path: string): number | undefined {
    const dev = this.device(parentOf(path))
    return dev !== undefined && this.isOwnPlace(path) ? dev : undefined
  }

  /** Is nothing mounted at a name like this that waits for another machine or process? */
  isOwnPlace(path: string): boolean {
    if (!wasUsed(this.#others))
      this.#others = { value: namesOfOthers(this.#ask.mounts() ?? ''), usedAtMs: lastReadMs() }
    const names = this.#others.value
    return names !== undefined && (names.size === 0 || !names.has(path.slice(path.lastIndexOf('/') + 1)))
  }

  /** Is it known that the path leads to a device that is not local? */
  isForeign(path: string): boolean {
    const dev = this.device(path)
    const known = dev === undefined ? undefined : this.#kinds.get(dev)
    return wasUsed(known) && known.value === 'foreign'
  }

  #learn(path: string): void {
    if (this.#asking.has(path) || this.#asking.size >= maxQuestions) return
    this.#asking.add(path)
    const forget = () => this.#asking.delete(path)
    // What cannot be asked stays unknown, until a later call asks again.
    this.#learnFrom(path).then(forget, forget)
  }

  async #learnFrom(path: string): Promise<void> {
    const usedAtMs = readClock()
    const at = realPath(path)
    const { dev } = await this.#ask.where(at)
    this.#devices.set(path, { value: dev, usedAtMs })
    if (wasUsed(this.#kinds.get(dev), agingMs)) return
    const kind = await this.#ask.kind(at)
    // If the path leads elsewhere meanwhile, the kind may be that of another device.
    const again = await this.#ask.where(at)
    if (again.dev === dev) this.#kinds.set(dev, { value: kindOf(kind), usedAtMs })
  }
}
