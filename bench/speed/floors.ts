// The floor: the calls that a work needs when nothing goes wrong and no other process is there, one after the other,
// without the checks that only other processes make necessary. The same list is made through raw callbacks, the floor
// of the promise form, and through sync calls, the floor of the sync form.

import fs from 'node:fs'
import { basename, dirname } from 'node:path'

type Done = (error: NodeJS.ErrnoException | null, opened?: number) => void

export interface Call {
  /** Begins the call. `fd` is the descriptor that was opened last. */
  begin(fd: number, done: Done): void
  /** Makes the call at once. Returns the descriptor that it opened. */
  now(fd: number): number | undefined
}

/** Makes the calls through raw callbacks. */
export const byCallbacks = (calls: readonly Call[]): Promise<void> =>
  new Promise((resolve, reject) => {
    let at = 0
    let fd = -1
    const next: Done = (error, opened) => {
      if (error) return reject(error)
      fd = opened ?? fd
      const call = calls[at++]
      if (call) call.begin(fd, next)
      else resolve()
    }
    next(null)
  })

/** Makes the calls synchronously. */
export function atOnce(calls: readonly Call[]): void {
  let fd = -1
  for (const call of calls) fd = call.now(fd) ?? fd
}

const call = (begin: Call['begin'], now: (fd: number) => unknown): Call => ({
  begin,
  now(fd) {
    now(fd)
    return undefined
  },
})

export const open = (path: string, flags: string): Call => ({
  begin: (_, done) => fs.open(path, flags, done),
  now: () => fs.openSync(path, flags),
})

export const write = (data: Uint8Array): Call =>
  call(
    (fd, done) => fs.write(fd, data, error => done(error)),
    fd => fs.writeSync(fd, data),
  )

export const read = (into: Uint8Array): Call =>
  call(
    (fd, done) => fs.read(fd, into, 0, into.length, 0, error => done(error)),
    fd => fs.readSync(fd, into),
  )

export const fstat = call(
  (fd, done) => fs.fstat(fd, error => done(error)),
  fd => fs.fstatSync(fd),
)

export const fsync = call((fd, done) => fs.fsync(fd, done), fs.fsyncSync)
export const close = call((fd, done) => fs.close(fd, done), fs.closeSync)

export const stat = (path: string): Call =>
  call(
    (_, done) => fs.stat(path, error => done(error)),
    () => fs.statSync(path),
  )

export const lstat = (path: string): Call =>
  call(
    (_, done) => fs.lstat(path, error => done(error)),
    () => fs.lstatSync(path),
  )

/** Of several callers that make the same directory, one makes it; for the others EEXIST is no error. */
export const mkdir = (path: string): Call =>
  call(
    (_, done) => fs.mkdir(path, error => done(error?.code === 'EEXIST' ? null : error)),
    () => fs.mkdirSync(path),
  )

export const link = (from: string, to: string): Call =>
  call(
    (_, done) => fs.link(from, to, done),
    () => fs.linkSync(from, to),
  )

export const symlink = (text: string, path: string): Call =>
  call(
    (_, done) => fs.symlink(text, path, done),
    () => fs.symlinkSync(text, path),
  )

export const rename = (from: string, to: string): Call =>
  call(
    (_, done) => fs.rename(from, to, done),
    () => fs.renameSync(from, to),
  )

export const unlink = (path: string): Call =>
  call(
    (_, done) => fs.unlink(path, done),
    () => fs.unlinkSync(path),
  )

/** Passes the names in a directory on. */
export const readdir = (path: string, take: (names: string[]) => void): Call => ({
  begin: (_, done) =>
    fs.readdir(path, (error, names) => {
      if (!error) take(names)
      done(error)
    }),
  now(_) {
    take(fs.readdirSync(path))
    return undefined
  },
})

/** A call of which only the calls before it say what it is. */
export const later = (call: () => Call): Call => ({
  begin: (fd, done) => call().begin(fd, done),
  now: fd => call().now(fd),
})

/** What has to be worked out between two calls: parsing, sums. */
export const computed = (work: () => void): Call =>
  call((_, done) => {
    work()
    done(null)
  }, work)

let names = 0

/** Returns a fresh name beside `path`, for staging. */
export const beside = (path: string): string => `${dirname(path)}/.${basename(path)}.${names++}`
