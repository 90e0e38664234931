// The one door to the disk. Algorithms describe their calls (./steps.ts), and the door makes them. No other file imports a
// filesystem, so a fault that is injected here reaches everything.

import realFs from 'node:fs'
import type { Alphabet, Call } from './alphabet.js'
import { runLater } from './background.js'
import { waitForChange } from './directory-watch.js'
import { callBack, type Done, type Wake } from './done.js'
import type { CallTable, Door, SingleCall } from './door.js'
import { FastPath } from './fast-path.js'
import { recall, remember } from './hints.js'
import { Registry } from './holds.js'
import { inThreadOf } from './in-thread.js'
import { lifeFiles } from './life-files.js'
import { monotonicMs } from './moment.js'
import type { Path } from './names.js'
import { withOneSeparator } from './one-separator.js'
import { countFree, mountIdIn, positionIn } from './open-files.js'
import { identity } from './owner.js'
import { platform } from './platform.js'
import { poolOf } from './pool.js'
import { enterPool } from './pool-entrance.js'
import { random, settle, settleSync, sleep, sleepSync } from './wait.js'

// ---- The door ----

const nodeFs = platform.isWindows ? withOneSeparator(realFs) : realFs

/** The one real door to the disk. */
export const door: Door = {
  performSync: ({ op, args }) => (inThisThread[op] as AnyFunction<unknown>)(...args),
  perform(call, done) {
    const { op, args } = call
    const atOnce = inline[op as keyof typeof inline] as AnyFunction<unknown> | undefined
    if (atOnce) return callBack(() => atOnce(...args), done)
    const wait = waits[op as keyof typeof waits] as AsyncFunction<Wake | undefined> | undefined
    if (wait) return wait(done, ...args)
    const outcome = fastPath?.make(call)
    if (!outcome) return performInPool(call, done)
    if ('error' in outcome) done(outcome.error)
    else done(null, outcome.value)
    return undefined
  },
}

type AnyFunction<T> = (...args: readonly unknown[]) => T
type AsyncFunction<T> = (done: Done, ...args: readonly unknown[]) => T

// ---- Both forms: calls that are always made inline ----

export const registry = new Registry(realFs)

const inline = {
  now: monotonicMs,
  random,
  self: () => self(),
  thread: () => registry.thread(thread),
  alive: (owner: string) => alive(owner),
  hot: dir => fastPath?.noteHot(dir),
  recall,
  remember,
  holding: (_lock, hold, change) => registry.holding(hold, change),
  later: steps => runLater(steps, door),
  blocking: () => false,
  // Only the driver of the promise form can.
  inOneGo: () => undefined,
  // Only the drivers interrupt.
  postpone: (_failure?: unknown) => {},
  ifLeft: (_make: ((timeout: Error) => unknown) | undefined) => {},
  goOn: () => {},
  // Only the drivers know.
  retryFor: (ms?: number) => ms,
  descriptors: () => freeDescriptors(),
  // Only the drivers count what is open.
  keep: (_fd: number) => {},
  // Procfs is in memory, so this never waits.
  mountId: (fd: number) => mountIdIn(records.text(`/proc/self/fdinfo/${fd}`)),
  position: (fd: number) => positionIn(records.text(`/proc/self/fdinfo/${fd}`)),
} satisfies Partial<Alphabet>

// ---- The sync form ----

const soonMs = 5

const inThisThread: CallTable<unknown> = {
  ...inline,
  ...inThreadOf(nodeFs),
  blocking: () => true,
  sleep: sleepSync,
  // To watch a directory takes the event loop, so the caller looks again soon instead.
  changed: (_dir, ms) => sleepSync(Math.min(ms, soonMs)),
  settle: settleSync,
  // Its calls are inline anyway.
  quick: () => false,
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
  quick: (done: Done, paths: readonly Path[], like?: Call, tookMs?: number) =>
    fastPath ? fastPath.quick(paths, like, tookMs, done) : done(null, false),
}

/** A watcher keeps no process alive. */
const watch = (dir: string, onChange: () => void, onError: () => void): (() => void) => {
  const watcher = nodeFs.watch(dir, { persistent: false }, onChange).on('error', onError)
  return () => watcher.close()
}

const pool = poolOf(nodeFs)

function performInPool(call: SingleCall, done: Done): Wake | undefined {
  const make = pool[call.op as keyof typeof pool] as AsyncFunction<void>
  return enterPool(ended => make(ended, ...call.args), fastPath?.inPool(call, done) ?? done)
}

// ---- What the rest of core asks of the disk, inline and outside of any algorithm ----

const orUndefined = <T>(read: () => T): T | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** Those that the pool is asked need no descriptor. */
const questions = {
  where: (path: string) => nodeFs.promises.stat(path),
  kind: async (path: string) => (await nodeFs.promises.statfs(path)).type,
  mounts: () => orUndefined(() => shortText('/proc/self/mountinfo')),
}

const mostOfText = 64 * 1024

/** The text of a file of procfs; undefined of a long one, which the kernel would take long to write. */
function shortText(path: string): string | undefined {
  const fd = nodeFs.openSync(path, 'r')
  try {
    const text = Buffer.allocUnsafe(mostOfText)
    let end = 0
    for (let got = -1; got !== 0 && end < mostOfText; end += got)
      got = nodeFs.readSync(fd, text, end, mostOfText - end, null)
    return end < mostOfText ? text.toString('latin1', 0, end) : undefined
  } finally {
    nodeFs.closeSync(fd)
  }
}

/** Only the numbers that Linux gives to kinds of filesystems are known (./filesystem-kinds.ts). */
const fastPath =
  process.platform === 'linux' ? new FastPath(questions, call => door.performSync(call as SingleCall)) : undefined

const records = {
  text: (path: string) => orUndefined(() => nodeFs.readFileSync(path, 'latin1')),
  link: (path: string) => orUndefined(() => nodeFs.readlinkSync(path)),
  names: (dir: string) => orUndefined(() => nodeFs.readdirSync(dir)),
}
const { self, thread, alive } = identity(records, lifeFiles(nodeFs))
const freeDescriptors = countFree(records)
