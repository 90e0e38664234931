// The real directory that a world stands on, as the explorer sees it. Inodes have numbers that do not depend on the
// schedule, so that a state reached in two ways is known to be one state, and a replay is the same on every machine.

import {
  type BigIntStats,
  fstatSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  rmdirSync,
  statSync,
  unlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Stats } from '../../core/stats.js'
import { type FileTimes, timesOf } from './file-times.js'
import type { Ground, HeldDirectory } from './ground.js'
import { rights } from './trace.js'

export class Directory implements Ground {
  linked = false
  omits = false
  held = false
  /** When files were changed, if they have a clock. */
  times: FileTimes | undefined = undefined
  readonly #numbers = new Map<bigint, bigint>()
  #tree: string | undefined
  /** Without links on the way, as the system spells it. */
  #realRoot: string | undefined

  constructor(readonly root: string) {
    mkdirSync(root)
  }

  /** Numbers what `setup` has made. */
  survey(): void {
    let next = 1n
    const visit = (dir: string) => {
      for (const entry of readdirSync(dir, { withFileTypes: true }).sort(byName)) {
        const path = join(dir, entry.name)
        const { ino } = lstatSync(path, { bigint: true })
        if (!this.#numbers.has(ino)) this.#numbers.set(ino, next++)
        this.times?.change(ino)
        if (entry.isSymbolicLink()) this.linked = true
        if (entry.isDirectory()) visit(path)
      }
    }
    this.#numbers.set(lstatSync(this.root, { bigint: true }).ino, 0n)
    visit(this.root)
  }

  get timed(): boolean {
    return this.times !== undefined
  }

  /** Numbers an inode by the call that made it. */
  born(ino: bigint, player: number, call: number): void {
    this.times?.change(ino)
    this.#numbers.set(ino, BigInt((player + 1) * 10_000 + call))
  }

  inodesAt(path: string): string[] {
    const held = this.directoryOf(path)
    if (held?.rest === '') return [held.inode]
    const own = statOf(lstatSync, path)
    if (!own) return []
    const target = this.linked && own.isSymbolicLink() ? statOf(statSync, path) : undefined
    return (target ? [own, target] : [own]).map(({ ino }) => this.#name(ino))
  }

  inodeOf(fd: number): string {
    return this.#name(fstatSync(fd, { bigint: true }).ino)
  }

  directoryOf(path: string): HeldDirectory | undefined {
    const [start, fd] = /^\/proc\/self\/fd\/(\d+)/.exec(path) ?? []
    if (start === undefined) return undefined
    // Of a directory that was removed, the link says what its path was, and that it is deleted.
    const place = readlinkSync(start)
    const isThere = statOf(lstatSync, place)?.ino === fstatSync(Number(fd), { bigint: true }).ino
    this.#realRoot ??= realpathSync.native(this.root)
    return {
      inode: this.inodeOf(Number(fd)),
      place: isThere ? place.slice(this.#realRoot.length) : undefined,
      rest: path.slice(start.length),
    }
  }

  #name(ino: bigint): string {
    return String(this.#numbers.get(ino) ?? `?${ino}`)
  }

  /** What a descriptor leads to, as far as `tree` does not show it: a file without a name can still be read and written. */
  behind(fd: number): string {
    const stats = fstatSync(fd, { bigint: true })
    const inode = this.#name(stats.ino)
    if (stats.nlink > 0n) return inode
    const content = Buffer.alloc(stats.isFile() ? Number(stats.size) : 0)
    try {
      readSync(fd, content, 0, content.length, 0)
    } catch {} // It is open for writing only, so its content makes no difference to this player.
    return `${inode}.${rights(stats)}${this.#timeOf(stats)}=${content.toString('latin1')}`
  }

  /** Stats as the players get them: with the numbers above, and without what differs between machines and runs. */
  masked(stats: BigIntStats): Stats {
    const dir = stats.isDirectory()
    const { mode, uid, gid, dev, rdev, blksize } = stats
    const times = timesOf(dir ? 0 : (this.times?.at(stats.ino) ?? 0))
    const counts = {
      ino: this.#numbers.get(stats.ino) ?? stats.ino,
      nlink: dir ? 1n : stats.nlink,
      size: dir ? 0n : stats.size,
      blocks: 0n,
    }
    const masked = Object.create(Object.getPrototypeOf(stats))
    return Object.assign(masked, { mode, uid, gid, dev, rdev, blksize, ...counts, ...times })
  }

  /** A call has changed something. */
  touched(): void {
    this.#tree = undefined
  }

  /** Everything that is there, in one line. */
  tree(): string {
    this.#tree ??= this.#describe(this.root)
    return this.#tree
  }

  #describe(dir: string): string {
    let text = ''
    for (const name of readdirSync(dir).sort()) {
      const path = join(dir, name)
      const stats = lstatSync(path, { bigint: true })
      text += `${name}#${this.#name(stats.ino)}.${rights(stats)}${this.#timeOf(stats)}${this.#contentOf(path, stats)};`
    }
    return text
  }

  #timeOf(stats: BigIntStats): string {
    return this.times && !stats.isDirectory() ? `@${this.times.at(stats.ino)}` : ''
  }

  #contentOf(path: string, stats: BigIntStats): string {
    if (stats.isDirectory()) return `{${this.#describe(path)}}`
    if (stats.isSymbolicLink()) return `->${readlinkSync(path)}`
    return stats.size > 0n ? `${stats.size}=${readFileSync(path, 'latin1')}` : ''
  }

  remove(): void {
    const clear = (dir: string) => {
      for (const entry of readdirSync(dir, { withFileTypes: true })) {
        const path = join(dir, entry.name)
        if (entry.isDirectory()) clear(path)
        else unlinkSync(path)
      }
      rmdirSync(dir)
    }
    clear(this.root)
  }
}

/** Undefined if nothing is there, also because there is a file on the way. */
function statOf(stat: typeof lstatSync, path: string): BigIntStats | undefined {
  try {
    return stat(path, { bigint: true, throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1)
