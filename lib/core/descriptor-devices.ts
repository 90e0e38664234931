// Which device an open descriptor is on, as far as the pool has shown it (./local-places.ts). It counts for a moment:
// code that this package does not see may close a descriptor, and the system gives its number to a file elsewhere.

import type { Path } from './alphabet.js'
import { lastReadMs, wasUsed } from './moment.js'
import { parentOf } from './path-maps.js'

interface Descriptor {
  /** The name that was opened, or for a new file its directory: the pool can ask there what the device is. */
  readonly at: string
  /** The open made the file, so nothing has to be read before something is written. */
  readonly isNewFile: boolean
  dev: number | undefined
  usedAtMs: number
}

/** Does an open with these flags succeed only if it makes the file? */
export const isExclusive = (flags: unknown): boolean => typeof flags === 'string' && flags.startsWith('wx')

export class DescriptorDevices {
  readonly #open = new Map<number, Descriptor>()

  /** Notes an open. `seen` returns where the path leads; a new file is wherever its directory is. */
  note(fd: number, path: Path, flags: string, seen: (path: string) => number | undefined): void {
    this.#open.delete(fd)
    if (typeof path !== 'string') return
    const isNewFile = isExclusive(flags)
    // Of a directory it is asked later, because the pool may still be finding it out.
    const dev = isNewFile ? undefined : seen(path)
    this.#open.set(fd, { at: isNewFile ? parentOf(path) : path, dev, isNewFile, usedAtMs: lastReadMs() })
  }

  noteDevice(fd: number, dev: number): void {
    const file = this.#open.get(fd)
    if (!file) return
    file.dev = dev
    file.usedAtMs = lastReadMs()
  }

  drop(fd: number): void {
    this.#open.delete(fd)
  }

  isNewFile(fd: number): boolean {
    return this.#open.get(fd)?.isNewFile ?? false
  }

  /** Returns the device, and a path that leads to it. */
  find(fd: number, deviceOf: (dir: string) => number | undefined): { dev: number; at: string } | undefined {
    const file = this.#open.get(fd)
    if (!wasUsed(file)) return undefined
    if (file.isNewFile) file.dev ??= deviceOf(file.at)
    const { dev, at } = file
    return dev === undefined ? undefined : { dev, at }
  }
}
