// The floor: the calls on the way on which nothing goes wrong and nobody else is about, one after the other, without any
// look that only others make necessary. One list of them is made through raw callbacks, which is the floor of the promise
// form, and through sync calls, which is that of the sync form.

import fs from 'node:fs'
import { basename, dirname } from 'node:path'

type Done = (error: NodeJS.ErrnoException | null, opened?: number) => void

export interface Call {
  /** `fd` is what was opened last. */
  begin(fd: number, done: Done): void
  /** Answers what it has opened. */
  now(fd: number): number | undefined
}

/** Through raw callbacks. */
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

/** At once. */
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

/** Of several who make the same, one makes it; the others go on. */
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

let names = 0

/** A name beside another, where things are made ready. */
export const beside = (path: string): string => `${dirname(path)}/.${basename(path)}.${names++}`
