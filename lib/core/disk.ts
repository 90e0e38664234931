// The one door to the disk. Everything this package does to the world is performed here and nowhere else, so a fault put
// here reaches everything. Algorithms describe their calls (./steps.ts); these two functions make them.

import nodeFs, { type StatOptions } from 'node:fs'
import type gracefulFs from 'graceful-fs'
import { waitForChange } from './directory-watch.js'
import { entryOf, inBytes } from './entry.js'
import { closed, isNear, isOwn, onTheSpot, opened, wasMade, wasNamed, wasRead, wasSeen } from './fast-path.js'
import { engage, recall, remember } from './hints.js'
import { identity } from './owner.js'
import type { Stats } from './stats.js'
import type { Alphabet, Call, Op, OpenFlags, Path } from './steps.js'
import { allOf, outcomesOf } from './together.js'
import { type Done, isThenable, random, settle, sleep, sleepSync, tell, unheard, type Wake } from './wait.js'

type AnyFunction = (...args: unknown[]) => unknown

// graceful-fs wraps `fs.close` for the whole process when it loads. It is loaded by the first call that needs its
// queue (for EMFILE), so that importing this package changes nothing.
let graceful: typeof gracefulFs | undefined

/** Makes the call, and answers or throws at once. */
export function performSync({ op, args }: Call): unknown {
  return (sync[op] as AnyFunction)(...args)
}

/** Makes the call, and tells `done` once, later; calls that need no thread tell it at once. */
export function perform({ op, args }: Call, done: Done): Wake | undefined {
  const now = immediate[op as keyof typeof immediate] as AnyFunction | undefined
  if (now) return tell(() => now(...args), done)
  if (op === 'sleep') return sleep(args[0] as number, done)
  if (op === 'changed') return waitForChange(args[0] as string, args[1] as number, watch, done)
  if (op === 'settle') return settle(args[0], args[1] as number | undefined, done)
  if (op === 'together') return allOf(args[0] as Call[], perform, done)
  if ((op === 'close' && closed(args[0] as number)) || (op === 'fstat' && isNear(args[0] as number)))
    return tell(() => performSync({ op, args }), done)
  if (isQuick(op, args, done)) return undefined
  if (graceful) callback(graceful, op, args, done)
  else
    import('graceful-fs').then(loaded => {
      graceful = loaded.default
      callback(graceful, op, args, done)
    }, done)
  return undefined
}

const cloneNew = nodeFs.constants.COPYFILE_EXCL | nodeFs.constants.COPYFILE_FICLONE
const look = { bigint: true, throwIfNoEntry: false } as const
const missing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException)?.code ?? '')

type LookSync = (path: string, options: StatOptions & { throwIfNoEntry?: boolean }) => Stats | undefined

/** ENOENT is answered without the cost of an error; ENOTDIR is as much "nothing there", and Node throws it. */
function lookSync(stat: LookSync, path: string, options?: { throwIfNoEntry: false }): Stats | undefined {
  if (options === undefined) return stat(path, { bigint: true })
  try {
    return stat(path, look)
  } catch (error) {
    if (missing(error)) return undefined
    throw error
  }
}

/** Those that never wait: no thread is asked, in either form. */
const immediate = {
  now: () => performance.now(),
  random,
  self: () => self(),
  alive: (owner: string) => alive(owner),
  recall,
  remember,
  engage,
  blocking: () => false,
} satisfies Partial<Alphabet>

const sync: Record<Op, unknown> = {
  ...immediate,
  blocking: () => true,
  open: nodeFs.openSync,
  read: (fd: number, into: Uint8Array, position: number | null) => nodeFs.readSync(fd, into, 0, into.length, position),
  write: (fd: number, data: Uint8Array) => nodeFs.writeSync(fd, data),
  ftruncate: nodeFs.ftruncateSync,
  fsync: nodeFs.fsyncSync,
  // Looked up at each call: graceful-fs, once loaded, wakes its queue here.
  close: (fd: number) => nodeFs.closeSync(fd),
  fstat: (fd: number) => nodeFs.fstatSync(fd, { bigint: true }),
  stat: (path: string, options?: { throwIfNoEntry: false }) => lookSync(nodeFs.statSync as LookSync, path, options),
  lstat: (path: string, options?: { throwIfNoEntry: false }) => lookSync(nodeFs.lstatSync as LookSync, path, options),
  readFile: (path: string) => nodeFs.readFileSync(path),
  readlink: (path: string) => nodeFs.readlinkSync(path, 'buffer'),
  readdir: (path: string) => notedRead(path, nodeFs.readdirSync(path)),
  list: (path: Path) => nodeFs.readdirSync(path, inBytes).map(entryOf),
  mkdir: nodeFs.mkdirSync,
  rmdir: nodeFs.rmdirSync,
  rename: nodeFs.renameSync,
  link: nodeFs.linkSync,
  symlink: nodeFs.symlinkSync,
  unlink: nodeFs.unlinkSync,
  copyFile: (from: Path, to: Path) => nodeFs.copyFileSync(from, to, cloneNew),
  chmod: nodeFs.chmodSync,
  chown: nodeFs.chownSync,
  utimes: nodeFs.utimesSync,
  realpath: (path: string) => nodeFs.realpathSync.native(path),
  sleep: sleepSync,
  // A directory cannot be watched without the event loop: look again soon.
  changed: (_dir: string, ms: number) => sleepSync(Math.min(ms, 5)),
  local: (path: string) => isOwn(path, kindOf(path)()),
  together: (calls: readonly Call[]) => outcomesOf(calls, performSync),
  settle: (answer: unknown) => {
    if (!isThenable(answer)) return answer
    unheard(answer)
    const message = 'The callback answered a promise, and the sync form cannot wait for it'
    throw Object.assign(new TypeError(message), { code: 'ERR_INVALID_RETURN_VALUE' })
  },
}

function callback(fs: typeof gracefulFs, op: Op, args: readonly unknown[], done: Done): void {
  // biome-ignore lint/suspicious/noExplicitAny: the alphabet types what is yielded
  const [first, second, third] = args as any[]
  if (op === 'stat' || op === 'lstat') {
    const quiet = second !== undefined
    fs[op](first, { bigint: true }, (error, stats) => {
      if (!error) notedSeen(op, first, stats)
      quiet && missing(error) ? done(null) : done(error, stats)
    })
  } else if (op === 'mkdir') {
    fs.mkdir(first, second, error => {
      if (!error && onLinux && typeof first === 'string') wasMade(first)
      done(error)
    })
  } else if (op === 'link' || op === 'rename') {
    fs[op](first, second, error => {
      if (!error) wasNamed(first, second, op === 'rename')
      done(error)
    })
  } else if (op === 'open')
    fs.open(first, second, third, (error, fd) => done(error, error ? undefined : noted(fd, first, second)))
  else if (op === 'fstat') fs.fstat(first, { bigint: true }, done)
  else if (op === 'read') fs.read(first, second, 0, second.length, third, done)
  else if (op === 'list')
    fs.readdir(first, inBytes, (error, all) => (error ? done(error) : done(null, all.map(entryOf))))
  else if (op === 'readdir')
    fs.readdir(first, (error, names) => (error ? done(error) : tell(() => notedRead(first, names), done)))
  else if (op === 'copyFile') fs.copyFile(first, second, cloneNew, done)
  else if (op === 'readlink') fs.readlink(first, 'buffer', done)
  else if (op === 'realpath') fs.realpath.native(first, done)
  else if (op === 'local')
    nodeFs.statfs(first, (error, stats) => done(null, isOwn(first, error ? undefined : stats.type)))
  else (fs[op as keyof typeof fs] as AnyFunction)(...args, done)
}

const onLinux = process.platform === 'linux'

/** Where a look at a descriptor may wait for another machine, it does not do so yet: it was opened just now. */
function noted(fd: number, path: Path, flags: OpenFlags): number {
  if (onLinux) opened(fd, nodeFs.fstatSync(fd).dev, flags.startsWith('wx'), kindOf(path))
  return fd
}

/** Told on the spot, where that takes no longer than to ask a thread. */
function isQuick(op: Op, args: readonly unknown[], done: Done): boolean {
  let answer: { error: unknown; value?: unknown } | undefined
  const work = () =>
    tell(
      () => performSync({ op, args }),
      (error, value) => {
        answer = { error, value }
      },
    )
  if (!onTheSpot(op, args, devices, work) || !answer) return false
  if (op === 'mkdir' && !answer.error) wasMade(args[0] as string)
  done(answer.error, answer.value)
  return true
}

/** Nor does one at a name that was looked at just now. */
function notedSeen(op: 'lstat' | 'stat', path: Path, { dev }: Stats): void {
  if (onLinux && typeof path === 'string') wasSeen(op, path, Number(dev), kindOf(path))
}

/** Nor does one at a directory that was read just now. */
function notedRead(dir: string, names: string[]): string[] {
  const about = { dev: () => devices.dev(dir), kind: kindOf(dir) }
  if (onLinux) wasRead(dir, names.length, about)
  return names
}

const kindOf = (path: Path) => () => quietly(() => nodeFs.statfsSync(path).type)
const devices = {
  dev: (path: string) => quietly(() => nodeFs.statSync(path, { throwIfNoEntry: false })?.dev),
  kind: (path: string) => kindOf(path)(),
}

/** For as long as somebody waits; it keeps no process alive. */
const watch = (dir: string, hint: () => void, failed: () => void): (() => void) => {
  const watcher = nodeFs.watch(dir, { persistent: false }, hint).on('error', failed)
  return () => watcher.close()
}

const quietly = <T>(read: () => T): T | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

const { self, alive } = identity({
  text: path => quietly(() => nodeFs.readFileSync(path, 'latin1')),
  link: path => quietly(() => nodeFs.readlinkSync(path)),
})
