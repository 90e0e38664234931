// The notation. An algorithm here is a generator of filesystem calls: it describes each call and yields it, and whoever
// drives the generator performs it. One text therefore runs as sync code, as a promise (./drive.ts), and under the
// explorer (../testing), which decides between any two calls which process goes next, or dies.

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

/** Every call an algorithm may make. Each is one system call, but for `copyFile`, `readFile` and `realpath`. */
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
  /** Makes `to`, which must not be there, with the bytes and the mode of `from`; a copy-on-write clone where that is to be had. */
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

/** An algorithm under way: it yields calls, is answered by whoever drives it, and returns a `T`. */
// biome-ignore lint/suspicious/noExplicitAny: what a yield answers depends on the call; `fs` below gives each its type
export type Steps<T> = Generator<Call, T, any>

/** What came of one of several calls. */
export type Outcome<T> = { readonly value: T } | { readonly error: unknown }

/** What was answered, or what went wrong. */
export function unwrap<T>(outcome: Outcome<T>): T {
  if ('error' in outcome) throw outcome.error
  return outcome.value
}

type Calls = {
  [O in Exclude<Op, 'settle' | 'stat' | 'lstat' | 'together'>]: (
    ...args: Parameters<Alphabet[O]>
  ) => Steps<ReturnType<Alphabet[O]>>
}

interface Look {
  (path: Path): Steps<Stats>
  /** Answers undefined when nothing has that name (ENOENT, ENOTDIR). */
  (path: Path, options: { readonly throwIfNoEntry: false }): Steps<Stats | undefined>
}

export interface Fs extends Calls {
  readonly stat: Look
  readonly lstat: Look
  settle<T>(answer: T | PromiseLike<T>): Steps<Awaited<T>>
  settle<T>(answer: T | PromiseLike<T>, ms: number): Steps<Awaited<T> | Pending>
}

/** The calls, to be used with `yield*`: `const fd = yield* fs.open(path, 'wx')`. */
export const fs: Fs = describe([
  ...([
    'open',
    'read',
    'write',
    'ftruncate',
    'fsync',
    'close',
    'fstat',
    'stat',
    'lstat',
    'readFile',
    'readlink',
  ] as const),
  ...([
    'readdir',
    'list',
    'mkdir',
    'rmdir',
    'rename',
    'link',
    'symlink',
    'unlink',
    'copyFile',
    'chmod',
    'chown',
  ] as const),
  ...(['utimes', 'realpath', 'now', 'random', 'sleep', 'changed', 'self', 'alive', 'local'] as const),
  ...(['recall', 'remember', 'engage', 'blocking', 'settle'] as const),
])

function describe(ops: readonly Op[]): Fs {
  return Object.fromEntries(ops.map(op => [op, (...args: unknown[]) => new SingleCall(op, args)])) as unknown as Fs
}

/**
 * A call, and the steps of just that call: they yield it, and return what they are answered. A generator would do the
 * same; it would cost as much again as the cheapest calls, and every algorithm makes these all the time.
 */
class SingleCall implements Call, Iterator<Call, unknown> {
  #yielded = false

  constructor(
    readonly op: Op,
    readonly args: readonly unknown[],
  ) {}

  next(answer?: unknown): IteratorResult<Call, unknown> {
    if (this.#yielded) return { value: answer, done: true }
    this.#yielded = true
    return { value: this, done: false }
  }

  return(value?: unknown): IteratorResult<Call, unknown> {
    return { value, done: true }
  }

  throw(error: unknown): never {
    throw error
  }

  [Symbol.iterator](): this {
    return this
  }
}

/** For `stat` and `lstat`: a missing name is an answer, not an error. */
export const orNothing = { throwIfNoEntry: false } as const

/** Makes several calls at once: `yield* together([fs.unlink(a), fs.unlink(b)])`. Each of the steps is a single call. */
export const together = <T>(steps: readonly Steps<T>[]): Steps<Outcome<T>[]> =>
  atOnce(steps.map(one => one.next().value as Call)) as Steps<Outcome<T>[]>

/** The same, of calls that are described already. */
export const atOnce = (calls: readonly Call[]): Steps<Outcome<unknown>[]> =>
  new SingleCall('together', [calls]) as unknown as Steps<Outcome<unknown>[]>
