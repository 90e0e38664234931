// The alphabet: every call that an algorithm may make, and what the drivers and the explorer must know about each call
// besides its types. Every list of calls in this package is derived from the table below.

import type { Stats } from './disk.js'

/** How a file is opened: Node's flag strings, without the append and sync forms that nothing here needs. */
export type OpenFlags = 'r' | 'r+' | 'w' | 'w+' | 'wx' | 'wx+'

/** A name on the disk: a string, or bytes if it is not text. */
export type Path = string | Buffer

/** One name in a directory. */
export interface Entry {
  readonly name: Path
  readonly kind: 'file' | 'directory' | 'link' | 'other'
}

/**
 * Every call that an algorithm may make. Each is one system call, except: `readFile`, `readdir` and `list` open, read and
 * close, and `list` also stats each entry whose kind the filesystem does not tell; `copyFile` opens both files, and reads
 * and writes; `realpath` looks up each name on the way; `together` makes the calls that it is given.
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
  /** The text of a link, as bytes, because it need not be text. */
  readlink(path: Path): Buffer
  readdir(path: string): string[]
  /** The names in a directory, with the kind of each. */
  list(path: Path): Entry[]
  mkdir(path: Path, mode?: number): void
  rmdir(path: Path): void
  rename(from: Path, to: Path): void
  link(existing: Path, path: Path): void
  symlink(target: string | Buffer, path: Path, type?: 'file' | 'dir' | 'junction'): void
  unlink(path: Path): void
  /** Makes `to`, which must not exist, with the bytes and the mode of `from`: a copy-on-write clone where possible. */
  copyFile(from: Path, to: Path): void
  chmod(path: Path, mode: number): void
  chown(path: Path, uid: number, gid: number): void
  utimes(path: Path, atime: number, mtime: number): void
  realpath(path: string): string

  /** Milliseconds on a clock that only goes forward. */
  now(): number
  /** Random bytes, as many as are asked for. */
  random(bytes: number): Buffer
  /** Waits that many milliseconds. */
  sleep(ms: number): void
  /** Waits until the directory changes, but at most that many milliseconds. A hint, never evidence. */
  changed(dir: string, ms: number): void
  /** This process, as it is spelt in the names that it makes (see ./owner.ts). */
  self(): string
  /** Does that owner live? `undefined` if that cannot be known here. */
  alive(owner: string): boolean | undefined
  /** What this process keeps in memory under that key, if it still does. A hint, never evidence. */
  recall(key: string): unknown
  /** Keeps a value in memory under that key; `undefined` removes it. */
  remember(key: string, value: unknown): void
  /**
   * Adds `more` to this thread's count of calls that hold or want `thing`, and returns the new count. A blocking caller
   * uses it to see that it would wait for itself.
   */
  engage(thing: string, more: number): number
  /** Does a wait block the thread, so that no other call of the thread can go on meanwhile? */
  blocking(): boolean
  /** Is the path on a disk of this machine? Then no reply is ever lost, and ENOENT is never the echo of our own call. */
  local(path: string): boolean
  /** Makes several calls at once, in any order. Returns when all have ended, with the outcome of each. See `together`. */
  together(calls: readonly Call[]): Outcome<unknown>[]
  /**
   * What a user's callback returned, or what its promise resolves to (which the sync driver refuses); `pending` if the
   * promise has not settled after `ms` milliseconds.
   */
  settle<T>(returned: T | PromiseLike<T>, ms?: number): T | Pending
}

/** A promise has not settled yet: see `settle`. */
export const pending: unique symbol = Symbol('pending')
export type Pending = typeof pending

export type Op = keyof Alphabet

/** A call, described but not yet made. */
export interface Call {
  readonly op: Op
  readonly args: readonly unknown[]
}

/** What came of a call. */
export type Outcome<T> = { readonly value: T } | { readonly error: unknown }

interface Traits {
  /** It waits for time or for others: a driver ends it early when the call as a whole is interrupted. */
  readonly waits?: true
  /** It needs neither a thread nor the disk, so nothing is gained by making it together with other calls. */
  readonly inline?: true
  /** It gives something back. It is never interrupted, so that an algorithm that was stopped can still clean up. */
  readonly givesBack?: true
  /** When it succeeds, others may notice. (Whether `open` changes something depends on its flags: see the explorer.) */
  readonly changes?: true
  /** No other process can notice when it is made, so the explorer need not try to make it earlier or later. */
  readonly unseen?: true
  /** No other process has a part in it, so the explorer knows its result at once: it is no step of a schedule. */
  readonly own?: true
  /** The explorer injects no failure: a disk does not fail it, or the process could do nothing about it. */
  readonly unfailing?: true
  /** Its first argument is an open descriptor, not a path. */
  readonly onDescriptor?: true
}

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

/** The calls that have at least one of these traits. */
export const opsThat = (...traits: readonly (keyof Traits)[]): ReadonlySet<Op> =>
  new Set(allOps.filter(op => traits.some(trait => ops[op][trait])))
