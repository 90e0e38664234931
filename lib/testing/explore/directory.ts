// The real directory that a world stands on, and how the explorer sees it: inodes get numbers that do not depend on the
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
  rmdirSync,
  statSync,
  unlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Stats } from '../../core/stats.js'
import type { Ground } from './ground.js'
import { rights } from './trace.js'

export class Directory implements Ground {
  linked = false
  omits = false
  readonly #numbers = new Map<bigint, bigint>()
  #tree: string | undefined

  constructor(readonly root: string) {
    mkdirSync(root)
  }

  /** Numbers what is there, once it has been set up. */
  survey(): void {
    let next = 1n
    const visit = (dir: string) => {
      for (const entry of readdirSync(dir, { withFileTypes: true }).sort(byName)) {
        const path = join(dir, entry.name)
        const { ino } = lstatSync(path, { bigint: true })
        if (!this.#numbers.has(ino)) this.#numbers.set(ino, next++)
        if (entry.isSymbolicLink()) this.linked = true
        if (entry.isDirectory()) visit(path)
      }
    }
    this.#numbers.set(lstatSync(this.root, { bigint: true }).ino, 0n)
    visit(this.root)
  }

  /** An inode was made: it is known by the call that made it. */
  born(ino: bigint, player: number, call: number): void {
    this.#numbers.set(ino, BigInt((player + 1) * 10_000 + call))
  }

  inodesAt(path: string): string[] {
    const own = look(lstatSync, path)
    if (!own) return []
    const led = this.linked && own.isSymbolicLink() ? look(statSync, path) : undefined
    return (led ? [own, led] : [own]).map(({ ino }) => this.#name(ino))
  }

  inodeOf(fd: number): string | undefined {
    return this.#name(fstatSync(fd, { bigint: true }).ino)
  }

  #name(ino: bigint): string {
    return String(this.#numbers.get(ino) ?? `?${ino}`)
  }

  /** What is open, as far as the tree does not tell: a file that has lost its names is still read and written. */
  behind(fd: number): string {
    const stats = fstatSync(fd, { bigint: true })
    const inode = this.#name(stats.ino)
    if (stats.nlink > 0n) return inode
    const content = Buffer.alloc(stats.isFile() ? Number(stats.size) : 0)
    try {
      readSync(fd, content, 0, content.length, 0)
    } catch {} // Opened to be written only: its content is nothing to this player.
    return `${inode}.${rights(stats)}=${content.toString('latin1')}`
  }

  /** Stats as the players see them: the numbers above, and without what differs between machines and runs. */
  masked(stats: BigIntStats): Stats {
    const dir = stats.isDirectory()
    const times = {
      atimeMs: 0n,
      mtimeMs: 0n,
      ctimeMs: 0n,
      birthtimeMs: 0n,
      atimeNs: 0n,
      mtimeNs: 0n,
      ctimeNs: 0n,
      birthtimeNs: 0n,
    }
    const ino = this.#numbers.get(stats.ino) ?? stats.ino
    const { mode, uid, gid, dev, rdev, blksize } = stats
    const seen = {
      dev,
      mode,
      uid,
      gid,
      rdev,
      blksize,
      ino,
      nlink: dir ? 1n : stats.nlink,
      size: dir ? 0n : stats.size,
      blocks: 0n,
      ...times,
    }
    return Object.assign(Object.create(Object.getPrototypeOf(stats)), seen)
  }

  /** Something was changed. */
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
      const content = stats.isDirectory()
        ? `{${this.#describe(path)}}`
        : stats.isSymbolicLink()
          ? `->${readlinkSync(path)}`
          : stats.size > 0n
            ? `${stats.size}=${readFileSync(path, 'latin1')}`
            : ''
      text += `${name}#${this.#name(stats.ino)}.${rights(stats)}${content};`
    }
    return text
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

/** A file on the way is as much "nothing there" as nothing is. */
function look(stat: typeof lstatSync, path: string): BigIntStats | undefined {
  try {
    return stat(path, { bigint: true, throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1)
