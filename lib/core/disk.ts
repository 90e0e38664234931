// The one door to the disk. Algorithms describe their calls (./steps.ts), and the two functions below make them. No
// other file imports a filesystem, so a fault that is injected here reaches everything.

import nodeFs, { type StatOptions } from 'node:fs'
import type { Alphabet, Call, Op, Path } from './alphabet.js'
import { waitForChange } from './directory-watch.js'
import { entryOf, inBytes } from './entry.js'
import { hasCode } from './errors.js'
import { FastPath } from './fast-path.js'
import { isLocal } from './filesystem-kinds.js'
import { engage, recall, remember } from './hints.js'
import { identity } from './owner.js'
import { type Pool, poolOf } from './pool.js'
import { enterPool } from './pool-entrance.js'
import type { Stats } from './stats.js'
import type { orNothing } from './steps.js'
import { allAtOnce, oneByOne } from './together.js'
import { callBack, type Done, random, settle, settleSync, sleep, sleepSync, type Wake } from './wait.js'

// ---- The door ----

/** Makes the call in the calling thread: returns its value or throws its error. */
export function performSync({ op, args }: Call): unknown {
  return (inThisThread[op] as AnyFunction<unknown>)(...args)
}

/**
 * Makes the call without blocking the thread for long. Calls `done` once: before it returns if the call was made
 * inline, later otherwise. If the call is a wait, returns how to end it early.
 */
export function perform(call: Call, done: Done): Wake | undefined {
  const { op, args } = call
  const atOnce = inline[op as keyof typeof inline] as AnyFunction<unknown> | undefined
  if (atOnce) return callBack(() => atOnce(...args), done)
  const wait = waits[op as keyof typeof waits] as AsyncFunction<Wake | undefined> | undefined
  if (wait) return wait(done, ...args)
  const outcome = fastPath?.make(call)
  if (!outcome) performInPool(call, done)
  else if ('error' in outcome) done(outcome.error)
  else done(null, outcome.value)
  return undefined
}

type AnyFunction<T> = (...args: readonly unknown[]) => T
type AsyncFunction<T> = (done: Done, ...args: readonly unknown[]) => T

// ---- Both forms: calls that are always made inline ----

const inline = {
  now: () => performance.now(),
  random,
  self: () => self(),
  alive: (owner: string) => alive(owner),
  recall,
  remember,
  engage,
  blocking: () => false,
} satisfies Partial<Alphabet>

// ---- The sync form ----

const inThisThread: { readonly [O in Op]: (...args: Parameters<Alphabet[O]>) => unknown } = {
  ...inline,
  blocking: () => true,
  open: nodeFs.openSync,
  read: (fd, into, position) => nodeFs.readSync(fd, into, 0, into.length, position),
  write: (fd, data) => nodeFs.writeSync(fd, data),
  ftruncate: nodeFs.ftruncateSync,
  fsync: nodeFs.fsyncSync,
  // Looked up at each call, because graceful-fs replaces it when it loads, and wakes its queue there.
  close: fd => nodeFs.closeSync(fd),
  fstat: fd => nodeFs.fstatSync(fd, { bigint: true }),
  stat: (path, options?: typeof orNothing) => statOrNothing(nodeFs.statSync as StatSync, path, options),
  lstat: (path, options?: typeof orNothing) => statOrNothing(nodeFs.lstatSync as StatSync, path, options),
  readFile: path => nodeFs.readFileSync(path),
  readlink: path => nodeFs.readlinkSync(path, 'buffer'),
  readdir: path => nodeFs.readdirSync(path),
  list: path => nodeFs.readdirSync(path, inBytes).map(entryOf),
  mkdir: nodeFs.mkdirSync,
  rmdir: nodeFs.rmdirSync,
  rename: nodeFs.renameSync,
  link: nodeFs.linkSync,
  symlink: nodeFs.symlinkSync,
  unlink: nodeFs.unlinkSync,
  copyFile: (from, to) => nodeFs.copyFileSync(from, to, cloneToNew),
  chmod: nodeFs.chmodSync,
  chown: nodeFs.chownSync,
  utimes: nodeFs.utimesSync,
  realpath: path => nodeFs.realpathSync.native(path),
  local: path => isLocal(path, kindAt(path)),
  sleep: sleepSync,
  // To watch a directory takes the event loop, so the caller looks again soon instead.
  changed: (_dir, ms) => sleepSync(Math.min(ms, soonMs)),
  together: calls => oneByOne(calls, performSync),
  settle: settleSync,
}

const soonMs = 5
const cloneToNew = nodeFs.constants.COPYFILE_EXCL | nodeFs.constants.COPYFILE_FICLONE
const missingAllowed = { bigint: true, throwIfNoEntry: false } as const

type StatSync = (path: Path, options: StatOptions & { throwIfNoEntry?: boolean }) => Stats | undefined

/** Node throws ENOTDIR even if it may return undefined, though nothing has that name either. */
function statOrNothing(stat: StatSync, path: Path, options?: typeof orNothing): Stats | undefined {
  if (options === undefined) return stat(path, { bigint: true })
  try {
    return stat(path, missingAllowed)
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

// ---- The promise form ----

const waits = {
  sleep: (done: Done, ms: number) => sleep(ms, done),
  changed: (done: Done, dir: string, ms: number) => {
    // To begin to watch is an inline call, too.
    const isLocal = fastPath ? fastPath.isLocal(dir) : true
    if (isLocal) return waitForChange(dir, ms, watch, done)
    return sleep(isLocal === undefined ? Math.min(ms, soonMs) : ms, done)
  },
  settle: (done: Done, returned: unknown, ms?: number) => settle(returned, ms, done),
  together: (done: Done, calls: readonly Call[]) => allAtOnce(calls, perform, done),
}

/** A watcher keeps no process alive. */
const watch = (dir: string, onChange: () => void, onError: () => void): (() => void) => {
  const watcher = nodeFs.watch(dir, { persistent: false }, onChange).on('error', onError)
  return () => watcher.close()
}

// graceful-fs replaces `fs.close` for the whole process when it loads. It is loaded by the first call that needs a
// thread, because importing this package must change nothing.
let pool: Pool | undefined

function performInPool(call: Call, done: Done): void {
  if (pool) performIn(pool, call, done)
  else
    import('graceful-fs').then(loaded => {
      pool = poolOf(loaded.default)
      performIn(pool, call, done)
    }, done)
}

function performIn(pool: Pool, call: Call, done: Done): void {
  const make = pool[call.op as Exclude<Op, keyof typeof inline | keyof typeof waits>] as AsyncFunction<void>
  enterPool(call.op, end => make(end, ...call.args), fastPath?.inPool(call, done) ?? done)
}

// ---- What the rest of core asks of the disk, inline and outside of any algorithm ----

const orUndefined = <T>(read: () => T): T | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

const kindAt = (path: Path) => orUndefined(() => nodeFs.statfsSync(path).type)

/** Never graceful-fs: none of these needs a descriptor, so none waits for one. */
const questions = {
  where: (path: string) => nodeFs.promises.stat(path),
  kind: async (path: string) => (await nodeFs.promises.statfs(path)).type,
}
/** Only the numbers that Linux gives to kinds of filesystems are known (./filesystem-kinds.ts). */
const fastPath = process.platform === 'linux' ? new FastPath(questions, performSync) : undefined

const { self, alive } = identity({
  text: path => orUndefined(() => nodeFs.readFileSync(path, 'latin1')),
  link: path => orUndefined(() => nodeFs.readlinkSync(path)),
})
