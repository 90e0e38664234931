// The alphabet: every call that an algorithm may make, with its types. What else the drivers and the explorer must know of
// each is in ./traits.ts.

import type { Entry, OpenFlags, Path } from './names.js'
import type { Stats } from './stats.js'

/**
 * Every call that an algorithm may make. Each is one system call, with these exceptions: `readFile`, `readdir` and
 * `list` open, read and close (and `list` calls lstat for each entry whose kind the filesystem does not report); `clone`
 * opens both files; `realpath` looks at each name of the path; `together` makes several calls. No call is a loop: each
 * ends, whatever other processes do.
 */
export interface Alphabet {
  open(path: Path, flags: OpenFlags, mode?: number): number
  read(fd: number, into: Uint8Array, position: number | null): number
  /** Without `position`, writes where the last write has ended. */
  write(fd: number, data: Uint8Array, position?: number): number
  ftruncate(fd: number, length: number): void
  fsync(fd: number): void
  close(fd: number): void
  fstat(fd: number): Stats
  fchmod(fd: number, mode: number): void
  fchown(fd: number, uid: number, gid: number): void
  futimes(fd: number, atime: number, mtime: number): void
  stat(path: Path): Stats
  lstat(path: Path): Stats
  /** Does the path lead to anything? It costs half of what `lstat` does. False also where that cannot be seen. */
  exists(path: string): boolean
  /** Reads a file as a whole, opened so. @default 'r' */
  readFile(path: string, flags?: OpenFlags): Buffer
  /** Returns the text of a symbolic link in bytes, because it need not be valid text. */
  readlink(path: Path): Buffer
  readdir(path: string): string[]
  /** Returns the entries of a directory, each with its kind. A name that is not valid text is bytes. */
  list(path: Path): Entry[]
  mkdir(path: Path, mode?: number): void
  rmdir(path: Path): void
  rename(from: Path, to: Path): void
  link(existing: Path, path: Path): void
  symlink(target: string | Buffer, path: Path, type?: 'file' | 'dir' | 'junction'): void
  unlink(path: Path): void
  /**
   * Creates `to`, which must not exist, as a copy-on-write clone of an open file, with its mode. `from` is the path by
   * which that was opened: outside Linux, only a path can be cloned. On Linux, `to` may also be a new file that is open,
   * which is filled then, whatever has its name meanwhile. A clone that fails may have created `to`, and have
   * removed it again.
   */
  clone(source: number, from: Path, to: Path | number): void
  chmod(path: Path, mode: number): void
  chown(path: Path, uid: number, gid: number): void
  utimes(path: Path, atime: number, mtime: number): void
  realpath(path: string): string

  /** Returns the milliseconds of the monotonic clock, which all processes share that share its place (see ./places.ts). */
  now(): number
  /** Returns `bytes` random bytes. */
  random(bytes: number): Buffer
  /** Waits for `ms` milliseconds. */
  sleep(ms: number): void
  /** Waits until the directory changes, but at most `ms` milliseconds. That it returned is a hint, never evidence. */
  changed(dir: string, ms: number): void
  /** Returns this process as an owner, as it is spelt in the names that it makes (see ./owner.ts). */
  self(): string
  /** Returns this thread as an owner, as it is spelt in the locks that it holds. */
  thread(): string
  /** Is the process, or the thread, that `owner` names alive? `undefined`: this process cannot know. */
  alive(owner: string): boolean | undefined
  /** Returns what `remember` kept under `key` within the last second: a hint, never evidence. */
  recall(key: string): unknown
  /**
   * A hint to the fast path (./fast-path.ts): the things in this directory are small, and many, and in use, so what is needed
   * of one is probably in the kernel's memory, also if this process has not used it yet. Neither the directory nor what the
   * caller lists in it is a link.
   */
  hot(dir: string): void
  /** Keeps `value` in this process under `key`; `undefined` removes it. */
  remember(key: string, value: unknown): void
  /**
   * Enters a hold of a lock in the registry of this thread (see ./holds.ts), or lets it leave. Returns whether it is in
   * there now.
   */
  holding(lock: string, hold: string, change?: 'enter' | 'leave'): boolean
  /**
   * Runs steps in the background of this thread, again and again until they do not throw. That keeps no process alive.
   */
  later(steps: () => Generator<Call, void>): void
  /** Does a wait block the thread, so that no other call of this thread can go on meanwhile? */
  blocking(): boolean
  /**
   * An abort or a time-out that has come meanwhile, or comes yet, is thrown instead of the next call, and not here: what is
   * to be given back is. `failure`: the caller's own error, with which the call ends anyway.
   */
  postpone(failure?: unknown): void
  /**
   * If a time-out lets the caller go on before these steps have come to their end, it gets the error that `make` makes of the
   * time-out; from now on, or no longer (`undefined`).
   */
  ifLeft(make: ((timeout: Error) => unknown) | undefined): void
  /** What was to stop the call came too late, and it goes on: what it still has to do may take longer than a clean-up. */
  goOn(): void
  /**
   * How long (ms) one step is retried that asks for `ms`: for as long, or as the caller of the whole has said; undefined: it
   * has not. After the caller was to go on, and waits for these steps, for a moment only.
   */
  retryFor(ms?: number): number | undefined
  /** Returns how many files this process can still open, as far as is known: `Infinity` if it is not known. */
  descriptors(): number
  /** From now on an open file belongs to what goes on after this call, and no longer counts among the files it has open. */
  keep(fd: number): void
  /** Returns the number of the mount through which a file was opened; undefined if the system does not say. */
  mountId(fd: number): number | undefined
  /** Where the last write, or read, of an open file has ended that named no position; undefined if the system does not say. */
  position(fd: number): number | undefined
  /**
   * Is `path` on a local filesystem, where ENOENT is never due to a retransmission after a lost reply? False where nothing
   * shows that (./find-local.ts).
   */
  local(path: string): boolean
  /**
   * Is `path` on a filesystem that has one clock for all that use it, and shows by it when a name was changed? `keeper`: only
   * one that is local as well.
   */
  clocked(path: string, keeper?: 'kernel'): boolean
  /**
   * May small calls be made inline, one after the other, if they concern only names at these paths? That is so on a
   * filesystem in memory; and on another one, if all of them need no more than `like` does, a call for which it is guessed
   * that all is in memory. If this turn of the event loop has no time left for that, waits for the next turn. `tookMs`:
   * notes that they were made, and how long that took.
   */
  quick(paths: readonly Path[], like?: Call, tookMs?: number): boolean
  /**
   * Runs the steps in this thread, without a wait between their calls, if that may be done (`quick`): it takes less time than to
   * wait for each call. From the first call on that waits for others, or after a few milliseconds, they go on as always.
   * Returns what the steps have returned; or undefined if they have not begun.
   */
  inOneGo(
    paths: readonly Path[],
    steps: () => Generator<Call, unknown>,
    like?: Call,
  ): { readonly value: unknown } | undefined
  /** Makes several calls at once, in any order. Returns when all have ended, failed or not. See `together`. */
  together(calls: readonly Call[]): Outcome<unknown>[]
  /**
   * Waits for what a user's callback returned, if that is a promise. The sync driver refuses a promise. Returns
   * `pending` if it has not settled after `ms` milliseconds.
   */
  settle<T>(returned: T | PromiseLike<T>, ms?: number): T | Pending
}

/** What `settle` returns for a promise that has not settled in time. */
export const pending: unique symbol = Symbol('pending')
export type Pending = typeof pending

export type Op = keyof Alphabet

/** A call that is described, not yet made. */
export interface Call {
  readonly op: Op
  readonly args: readonly unknown[]
}

/** How one of several calls ended. */
export type Outcome<T> = { readonly value: T } | { readonly error: unknown }
