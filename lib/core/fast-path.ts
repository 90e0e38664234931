// Files and small directories on this machine's own disks. To close one, to look at it, to write a few bytes to a new one,
// to make one in another that is new, or to read again what was read a moment ago takes a few microseconds, and to ask a
// thread for that takes twenty: so the promise form does it on the spot. Elsewhere (NFS, FUSE) it may wait for another
// machine, and is left to the threads.

import { dirname } from 'node:path'
import type { Op } from './steps.js'

/** By the numbers that Linux has for them. */
const kinds: ReadonlySet<number> = new Set(
  Object.values({
    ext2ToExt4: 0xef53,
    xfs: 0x58465342,
    btrfs: 0x9123683e,
    tmpfs: 0x01021994,
    overlayfs: 0x794c7630,
    f2fs: 0xf2f52010,
    zfs: 0x2fc12fc1,
  }),
)

/** Those, and what else this machine's own kernel keeps: FAT, exFAT, NTFS, HFS+. No reply of theirs is ever lost. */
const ownKinds: ReadonlySet<number> = new Set([...kinds, 0x4d44, 0x2011bab0, 0x7366746e, 0x5346544e, 0x482b])

/** Off Linux the numbers mean other things, and only a share of Windows shows that it is one. */
export const isOwn = (path: string, kind: number | undefined): boolean =>
  process.platform === 'linux' ? ownKinds.has(kind ?? 0) : !/^[\\/]{2}[^?.]/.test(path)

/** By device: is it one of those? */
const local = new Map<number, boolean>()

/** Asked once a device, of a path that has answered just now. */
function isLocal(dev: number, kindOf: () => number | undefined): boolean {
  const known = local.get(dev) ?? kinds.has(kindOf() ?? 0)
  local.set(dev, known)
  return known
}

/** Open descriptors; made: of a file that the opening made, so that nothing has to be read before it is written. */
const near = new Map<number, Warm & { readonly made: boolean }>()

/** A descriptor was opened. */
export function opened(fd: number, dev: number, made: boolean, kindOf: () => number | undefined): void {
  if (isLocal(dev, kindOf)) near.set(fd, { dev, made, atMs: performance.now() })
}

export const isNear = (fd: number): boolean => near.has(fd)

/** Its number may be another's by now. */
export const closed = (fd: number): boolean => near.delete(fd)

/** What the system has in memory, because it was looked at or changed a moment ago: on which device, and when. */
interface Warm {
  readonly dev: number
  atMs: number
}

/** Small directories that were read. */
const warm = new Map<string, Warm>()
const momentMs = 1000
/** Of each kind; then all are forgotten. */
const mostKept = 1000
/** A cell (../cell.ts) has one entry, and systems sometimes add one of theirs: there a rename replaces nothing. */
const mostEntries = 2

/** It was read. `about` says on which device it is, and of what kind that is: asked for when it is not known yet. */
export function wasRead(
  dir: string,
  entries: number,
  about: { dev(): number | undefined; kind(): number | undefined },
): void {
  if (entries > mostEntries) warm.delete(dir)
  else if (!warm.has(dir)) {
    const dev = about.dev()
    if (dev === undefined || !isLocal(dev, about.kind)) return
    keep(warm, dir, { dev, atMs: performance.now() })
  }
}

/** Names that were looked at, or made out of one that was. */
const seen = new Map<string, Warm>()
/** The same, with what links there lead to. */
const followed = new Map<string, Warm>()

/** It was looked at: it is on that device. */
export function wasSeen(op: 'lstat' | 'stat', path: string, dev: number, kindOf: () => number | undefined): void {
  if (isLocal(dev, kindOf)) keep(op === 'lstat' ? seen : followed, path, { dev, atMs: performance.now() })
}

/** What `from` was, `to` is by now, too (a link) or instead. */
export function wasNamed(from: string, to: string, instead: boolean): void {
  const known = seen.get(from)
  if (known) keep(seen, to, { dev: known.dev, atMs: performance.now() })
  if (instead) seen.delete(from)
}

/** Directories that were made: whatever is in them is in memory. On which device is found out when it is asked for. */
const made = new Map<string, { dev: number | undefined; atMs: number }>()

export function wasMade(dir: string): void {
  keep(made, dir, { dev: made.get(dirname(dir))?.dev, atMs: performance.now() })
}

/** How that, and of what kind it is, is found out. */
export interface Devices {
  dev(path: string): number | undefined
  kind(path: string): number | undefined
}

function madeIn(dir: string, devices: Devices): Warm | undefined {
  const known = made.get(dir)
  if (!known) return undefined
  known.dev ??= devices.dev(dir)
  return known.dev !== undefined && isLocal(known.dev, () => devices.kind(dir)) ? (known as Warm) : undefined
}

function keep<K>(all: Map<string, K>, path: string, known: K): void {
  if (all.size >= mostKept) all.clear()
  all.set(path, known)
}

/** By device: until when it is left to the threads, because something took long there: its journal was full, say. */
const slowUntilMs = new Map<number, number>()
const longMs = 20
const restMs = 10_000

/** Without a thread there is no turn of the event loop, and others want theirs. */
let inARow = 0
const mostInARow = 32

/** What is written is copied into memory; more than this takes longer than to ask a thread. */
const fewBytes = 16 * 1024

/** Does the work of a call on the spot, if that can be: answers whether it did. */
export function onTheSpot(op: Op, [first, second]: readonly unknown[], devices: Devices, work: () => void): boolean {
  if (op === 'write') {
    const known = near.get(first as number)
    return known?.made === true && (second as Uint8Array).length <= fewBytes && atOnce(known, work)
  }
  if (typeof first !== 'string') return false
  if (op === 'lstat') return atOnce(seen.get(first), work)
  if (op === 'stat') return atOnce(followed.get(first), work)
  if (op === 'readdir') return atOnce(warm.get(first), work)
  if (op === 'mkdir') return atOnce(madeIn(dirname(first), devices), work)
  const dir = op === 'rename' && dirname(first)
  return dir !== false && dirname(String(second)) === dir && atOnce(warm.get(dir), work)
}

function atOnce(known: Warm | undefined, work: () => void): boolean {
  if (!known) return false
  const beganMs = performance.now()
  const cold = beganMs - known.atMs > momentMs
  // If a thread does it now, it is warm again by then.
  known.atMs = beganMs
  if (cold || beganMs < (slowUntilMs.get(known.dev) ?? 0) || ++inARow % mostInARow === 0) return false
  work()
  const endedMs = performance.now()
  if (endedMs - beganMs > longMs) slowUntilMs.set(known.dev, endedMs + restMs)
  return true
}
