// The alphabet: every call that an algorithm may make, and what the drivers and the explorer must know of each of them
// beside its types. Every list of calls in this package is read off the table below.
import type { Stats } from './stats.js'

/** How a file is opened: Node's flag strings, without the append and sync forms that nothing here needs. */
export type OpenFlags = 'r' | 'r+' | 'w' | 'w+' | 'wx' | 'wx+'

/** A name on the disk. Not every one is text: those that are not are bytes. */
export type Path = string | Buffer

/** One name in a directory. */
export interface Entry {
  readonly name: Path
  readonly kind: 'file' | 'directory' | 'link' | 'other'
}

/**
 * Every call an algorithm may make. Each is one system call, but for those that open, read and close (`readFile`,
 * `readdir`, `list`, which also looks at each entry where the filesystem does not say what it is, and `copyFile`, which
 * writes as well), for `realpath`, which looks at each name on the way, and for `together`.
 */
export interface Alphabet {
  open(path: Path, flags: OpenFlags, mode?: number): number
  read(fd: number, into: Uint8Array, position: number | null): number
  write(fd: number, data: Uint8Array): number
  ftruncate(fd: number, length: number): void
  fsync(fd: number): void
  close(fd: number): void
  fstat(fd: number): Stats
  stat(path: Path): Stats
  lstat(path: Path): Stats
  readFile(path: string): Buffer
  /** The text of a link: bytes, because not every one is a string. */
  readlink(path: Path): Buffer
  readdir(path: string): string[]
  /** What is in a directory, with what each thing is; a name that is no text is bytes. */
  list(path: Path): Entry[]
  mkdir(path: Path, mode?: number): void
  rmdir(path: Path): void
  rename(from: Path, to: Path): void
  link(existing: Path, path: Path): void
  symlink(target: string | Buffer, path: Path, type?: 'file' | 'dir' | 'junction'): void
  unlink(path: Path): void
  /** Makes `to`, which must not be there, with the bytes and the mode of `from`; a copy-on-write clone where the disk can. */
  copyFile(from: Path, to: Path): void
  chmod(path: Path, mode: number): void
  chown(path: Path, uid: number, gid: number): void
  utimes(path: Path, atime: number, mtime: number): void
  realpath(path: string): string

  /** Milliseconds on a clock that only goes forward. */
  now(): number
  /** So many random bytes. */
  random(bytes: number): Buffer
  /** Waits so many milliseconds. */
  sleep(ms: number): void
  /** Waits until the directory changes, or so many milliseconds: a hint, never evidence. */
  changed(dir: string, ms: number): void
  /** This process, as the names it makes spell it (see ./owner.ts). */
  self(): string
  /** Does that owner live? `undefined`: nobody here can tell. */
  alive(owner: string): boolean | undefined
  /** What this process has kept in mind under that key, if it still does: a hint, never evidence. */
  recall(key: string): unknown
  /** Keeps something in mind, or forgets it. */
  remember(key: string, value: unknown): void
  /** How many acts of this thread are after a thing, or have it, when so many more are counted. */
  engage(thing: string, more: number): number
  /** Does a wait block the thread, so that nobody else in it can do anything meanwhile? */
  blocking(): boolean
  /** Is that on a disk of this machine's own, where ENOENT is never the echo of a call that was made twice on the way? */
  local(path: string): boolean
  /** Several calls at once, in any order; answered when all have ended, whatever came of each. See `together`. */
  together(calls: readonly Call[]): Outcome<unknown>[]
  /** What a user's callback answered: a value, or a promise for one (which the sync driver refuses); `pending` after so many milliseconds. */
  settle<T>(answer: T | PromiseLike<T>, ms?: number): T | Pending
}

/** It has not settled yet. */
export const pending: unique symbol = Symbol('pending')
export type Pending = typeof pending

export type Op = keyof Alphabet

/** A call that is described, and not yet made. */
export interface Call {
  readonly op: Op
  readonly args: readonly unknown[]
}

/** What came of one of several calls. */
export type Outcome<T> = { readonly value: T } | { readonly error: unknown }

interface Traits {
  /** It waits for time or for others, so a driver may end it early, and it is never made together with other calls. */
  readonly waits?: true
  /** No thread and no disk is asked, so it gains nothing from being made together with other calls. */
  readonly inline?: true
  /** It gives back, so it is never interrupted: an algorithm that was stopped anywhere can still clean up. */
  readonly givesBack?: true
  /** Others may see a difference when it succeeds. (`open` changes something with some of its flags: see the explorer.) */
  readonly changes?: true
  /** No other process can ever tell whether it was made, so the explorer need not try it earlier or later. */
  readonly unseen?: true
  /** No other process has a part in it, so the explorer answers it at once: it is no step. */
  readonly own?: true
  /** Its failure would be nothing that a disk does, or nothing that the process could act on: none is injected. */
  readonly unfailing?: true
  /** It is about an open descriptor, not about a name. */
  readonly onDescriptor?: true
}

/** What is to be known of each call. */
const ops: Readonly<Record<Op, Traits>> = {
  open: {},
  read: { onDescriptor: true },
  write: { onDescriptor: true, changes: true },
  ftruncate: { onDescriptor: true, changes: true },
  fsync: { onDescriptor: true, unseen: true },
  close: { onDescriptor: true, unseen: true, givesBack: true, unfailing: true },
  fstat: { onDescriptor: true },
  stat: {},
  lstat: {},
  readFile: {},
  readlink: {},
  readdir: {},
  list: {},
  mkdir: { changes: true },
  rmdir: { changes: true, givesBack: true },
  rename: { changes: true },
  link: { changes: true },
  symlink: { changes: true },
  unlink: { changes: true, givesBack: true },
  copyFile: { changes: true },
  chmod: { changes: true },
  chown: { changes: true },
  utimes: { changes: true },
  realpath: {},
  now: { inline: true, unfailing: true },
  random: { inline: true, own: true },
  sleep: { waits: true },
  changed: { waits: true },
  self: { inline: true, own: true },
  alive: { inline: true, unfailing: true },
  recall: { inline: true, own: true },
  remember: { inline: true, own: true },
  engage: { inline: true, own: true },
  blocking: { inline: true, own: true },
  local: { unfailing: true },
  together: {},
  settle: { waits: true, own: true },
}

export const allOps = Object.keys(ops) as readonly Op[]

/** Those that have any of these traits. */
export const opsThat = (...traits: readonly (keyof Traits)[]): ReadonlySet<Op> =>
  new Set(allOps.filter(op => traits.some(trait => ops[op][trait])))
