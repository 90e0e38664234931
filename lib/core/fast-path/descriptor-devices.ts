// Which device an open descriptor is on, as far as the pool has shown it (./local-places.ts). It counts for a moment:
// code that this package does not see may close a descriptor, and the system gives its number to a file elsewhere. And
// which files are in memory, because they were made, or opened to be read as one of many, a moment ago.

import { lastReadMs, warmMs, wasUsed } from '../moment.js'
import type { Path } from '../names.js'
import { isFleeting } from './held-paths.js'
import type { KnownDirectories } from './known-directories.js'
import type { KnownPath, KnownPaths } from './known-paths.js'

interface Descriptor {
  readonly name: KnownPath
  /** The name that was opened, or for a new file its directory: the pool can ask there what the device is. */
  readonly at: KnownPath
  /** The open made the file, so nothing has to be read before something is written. */
  readonly isNewFile: boolean
  /** What is in it is in memory, as it was read a moment ago. */
  readonly isWarm: boolean
  /** How many were written. */
  bytes: number
  dev: number | undefined
  usedAtMs: number
}

/** Files are opened so one after the other, as by a copy or a store; or one again and again, as a log. */
export const isOneOfMany = (flags: unknown): boolean => flags === 'r nofollow' || flags === 'a+ nofollow'

/** Does an open with these flags succeed only if it makes the file? */
export const isExclusive = (flags: unknown): boolean => typeof flags === 'string' && flags.startsWith('wx')

export class DescriptorDevices {
  readonly #paths: KnownPaths
  readonly #dirs: KnownDirectories
  readonly #open = new Map<number, Descriptor>()

  constructor(paths: KnownPaths, dirs: KnownDirectories) {
    this.#paths = paths
    this.#dirs = dirs
  }

  /** Notes an open. `seen` returns where the path leads; a new file is wherever its directory is. */
  note(fd: number, path: Path, flags: string, seen: (name: KnownPath) => number | undefined): void {
    this.#open.delete(fd)
    if (typeof path !== 'string') return
    const name = this.#paths.of(path)
    const isNewFile = isExclusive(flags)
    // Of a directory it is asked later, because the pool may still be finding it out.
    const dev = isNewFile ? undefined : seen(name)
    const isWarm = this.wasOpened(name)
    if ((isNewFile || isOneOfMany(flags)) && !isFleeting(path)) name.openedAtMs = lastReadMs()
    const at = isNewFile ? this.#paths.above(path) : name
    this.#open.set(fd, { name, at, dev, isNewFile, isWarm, bytes: 0, usedAtMs: lastReadMs() })
  }

  /** Was a file of that name opened a moment ago, so that it is in memory? */
  wasOpened(name: KnownPath): boolean {
    return wasUsed(name.openedAtMs, warmMs)
  }

  noteDevice(fd: number, dev: number): void {
    const file = this.#open.get(fd)
    if (!file) return
    file.dev = dev
    file.usedAtMs = lastReadMs()
  }

  noteWritten(fd: number, bytes: number): void {
    const file = this.#open.get(fd)
    if (file) file.bytes += bytes
  }

  drop(fd: number): void {
    this.#open.delete(fd)
  }

  nameOf(fd: number): KnownPath | undefined {
    return this.#open.get(fd)?.name
  }

  /** How many bytes a new file has got. */
  bytesOfNew(fd: number): number | undefined {
    const file = this.#open.get(fd)
    return file?.isNewFile ? file.bytes : undefined
  }

  isNewFile(fd: number): boolean {
    return this.#open.get(fd)?.isNewFile ?? false
  }

  isWarm(fd: number): boolean {
    return this.#open.get(fd)?.isWarm ?? false
  }

  /** Returns the device, and a path that leads to it. */
  find(fd: number): { dev: number; at: string } | undefined {
    const file = this.#open.get(fd)
    if (!file || !wasUsed(file.usedAtMs)) return undefined
    if (file.isNewFile) file.dev ??= this.#dirs.localDevice(file.at)
    const { dev, at } = file
    return dev === undefined ? undefined : { dev, at: at.path }
  }
}
