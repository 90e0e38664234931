// What is noted of calls that succeeded: see ./kernel-cache.ts.

import type { Call } from '../alphabet.js'
import type { Path } from '../names.js'
import type { Stats } from '../stats.js'
import { type Notes, noteBy } from './call-tables.js'
import { isOneOfMany } from './descriptor-devices.js'
import type { Guesses } from './guesses.js'
import type { Knowledge } from './knowledge.js'
import type { KnownPath } from './known-paths.js'
import { fresh, noteLook, noteSame } from './looks.js'

export class KernelNotes {
  readonly #known: Knowledge
  readonly #guesses: Guesses

  constructor(known: Knowledge, guesses: Guesses) {
    this.#known = known
    this.#guesses = guesses
  }

  /** Where an open of the path leads, if that was seen a moment ago. */
  #deviceSeen(name: KnownPath): number | undefined {
    if (this.#known.dirs.isNew(name)) return this.#known.dirs.localDevice(name)
    const look = fresh(name.followed) ?? fresh(name.look)
    return look?.at === name.path ? look.dev : this.#known.places.device(name)
  }

  /** Notes that the directory at `path` is open, and has that key from now on (./held-paths.ts). */
  noteOpen(key: string, path: string): void {
    const dir = this.#known.paths.of(path)
    this.noteDevice(key, this.#deviceSeen(dir))
    this.#known.dirs.noteOpen(dir, this.#known.paths.of(key))
  }

  noteDevice(key: string, dev: number | undefined): void {
    if (dev !== undefined) this.#known.places.note(this.#known.paths.of(key), dev)
  }

  note(call: Call, value: unknown): void {
    noteBy(this.#noteBy, call, value)
    this.#guesses.note(call, value)
  }

  readonly #noteBy: Notes = {
    open: (fd, path, flags) => {
      // The mount table is not read for a few files.
      const isMany = isOneOfMany(flags)
      const deviceIn = (name: KnownPath) => this.#known.dirs.deviceIn(this.#known.paths.above(name.path), name.path)
      this.#known.descriptors.note(
        fd,
        path,
        flags,
        name => this.#deviceSeen(name) ?? (isMany ? deviceIn(name) : undefined),
      )
    },
    read: (got, fd, into, position) => {
      if (position !== 0 || got === into.length) return
      const { descriptors, light, mostWritten } = this.#known
      light.noteFile(descriptors.nameOf(fd), got <= mostWritten(descriptors.find(fd)?.dev))
    },
    write: (written, fd) => this.#known.descriptors.noteWritten(fd, written),
    fstat: ({ dev }, fd) => this.#known.descriptors.noteDevice(fd, Number(dev)),
    stat: (stats, path) => this.#noteStats('followed', path, stats),
    lstat: (stats, path) => this.#noteStats('look', path, stats),
    readdir: (names, dir) => this.#known.dirs.noteRead(this.#known.paths.of(dir), names),
    mkdir: (_, dir) => {
      if (typeof dir === 'string') this.#known.dirs.noteMade(this.#known.paths.of(dir))
    },
    link: (_, existing, path) => {
      const file = this.#known.paths.find(existing)
      if (file?.look && typeof path === 'string') noteSame(file, file.look, this.#known.paths.of(path))
    },
    rename: (_, from, to) => {
      if (typeof to === 'string') this.#noteRename(this.#known.paths.find(from), to)
    },
  }

  #noteRename(from: KnownPath | undefined, path: string): void {
    const to = from ? this.#known.paths.of(path) : this.#known.paths.find(path)
    if (from?.look && to) noteSame(from, from.look, to)
    if (from) from.look = undefined
    if (to) {
      this.#known.places.move(from, to)
      this.#known.dirs.move(from, to)
    }
    this.#known.dirs.noteRenameIn(this.#known.paths.above(path))
  }

  #noteStats(kind: 'look' | 'followed', path: Path, stats: Stats | undefined): void {
    if (stats === undefined || typeof path !== 'string') return
    const name = this.#known.paths.of(path)
    const look = noteLook(name, kind, stats)
    if (!look) return
    if (stats.isDirectory()) this.#known.places.note(name, look.dev)
    // Asks for its kind, if that is not known.
    this.#known.places.isLocal(look.dev, look.at)
  }
}
