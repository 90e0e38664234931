// Loaded before everything else (`--import`): rules of Windows that Wine lacks. A directory that holds an open file cannot be
// renamed, whichever process has the file open. And a scanner opens each new file as soon as that is closed, and keeps it
// open for 5 to 50 ms.

import fs, { type PathLike } from 'node:fs'
import { join } from 'node:path'

/** Of libuv: it fails while any other handle of the file is open. */
const exclusive = 0x10000000

const { openSync, closeSync, open, close, renameSync, rename } = fs

type Failure = NodeJS.ErrnoException | null
type Done = (error: Failure, value?: unknown) => void

function holdsOpenFile(dir: string): boolean {
  for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name)
    if (entry.isDirectory() ? holdsOpenFile(path) : isOpen(path)) return true
  }
  return false
}

function isOpen(path: string): boolean {
  try {
    closeSync(openSync(path, fs.constants.O_RDONLY | exclusive))
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EBUSY'
  }
}

function refusal(from: PathLike, to: PathLike): NodeJS.ErrnoException | undefined {
  try {
    if (!fs.lstatSync(from).isDirectory() || !holdsOpenFile(String(from))) return undefined
  } catch {
    return undefined
  }
  const error = new Error(`EPERM: operation not permitted, rename '${from}' -> '${to}'`)
  return Object.assign(error, { code: 'EPERM', errno: -4048, syscall: 'rename', path: String(from), dest: String(to) })
}

/** The files that were made here, while they are open. */
const made = new Map<number, PathLike>()

/** What the scanner has open, and until when. */
const scanned = new Map<number, number>()

function scan(fd: number): void {
  const path = made.get(fd)
  made.delete(fd)
  if (path === undefined) return
  const ms = 5 + Math.random() * 45
  try {
    scanned.set(openSync(path, 'r'), performance.now() + ms)
    setTimeout(closeScanned, ms + 2)
  } catch {} // It has another name already.
}

/** A scanner is a process of its own: it goes on while this thread is blocked, so timers are not enough. */
function closeScanned(): void {
  for (const [fd, untilMs] of scanned) {
    if (performance.now() < untilMs) continue
    scanned.delete(fd)
    closeSync(fd)
  }
}

const { wait } = Atomics
Object.assign(Atomics, {
  wait(...args: Parameters<typeof wait>) {
    closeScanned()
    return wait(...args)
  },
})

const creates = (flags: unknown): boolean =>
  typeof flags === 'number' ? (flags & fs.constants.O_CREAT) !== 0 && (flags & exclusive) === 0 : /^w/.test(`${flags}`)

Object.assign(fs, {
  openSync(path: PathLike, flags: fs.OpenMode, mode?: fs.Mode) {
    const fd = openSync(path, flags, mode)
    if (creates(flags)) made.set(fd, path)
    return fd
  },
  open(path: PathLike, flags: fs.OpenMode, mode: fs.Mode, done: Done) {
    open(path, flags, mode, (error: Failure, fd: number) => {
      if (!error && creates(flags)) made.set(fd, path)
      done(error, fd)
    })
  },
  closeSync(fd: number) {
    closeSync(fd)
    scan(fd)
  },
  close(fd: number, done?: Done) {
    close(fd, error => {
      scan(fd)
      done?.(error ?? null)
    })
  },
  renameSync(from: PathLike, to: PathLike) {
    closeScanned()
    const error = refusal(from, to)
    if (error) throw error
    renameSync(from, to)
  },
  rename(from: PathLike, to: PathLike, done: Done) {
    const error = refusal(from, to)
    if (error) return setImmediate(done, error)
    return rename(from, to, done)
  },
})
