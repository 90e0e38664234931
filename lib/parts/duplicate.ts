// Makes a copy of one file or link at a private name, from which it is then published.

import { systemError } from '../core/errors.js'
import type { FileProgress } from '../core/progress.js'
import type { Stats } from '../core/stats.js'
import { type Entry, fs, type Path, type Steps } from '../core/steps.js'
import { type Clone, tryClone, tryCloneInto } from './clone.js'
import { copyBytes } from './holes.js'
import { creationMode, setMode, setPermissions, unchanged } from './permissions.js'
import { closing, closingWritten } from './stage.js'

/** How a copy is made, and what it keeps besides the bytes and the mode. Each of these costs calls. */
export interface Kept {
  readonly times: boolean
  /** As far as the system allows it: ordinary users cannot give files away. */
  readonly owner: boolean
  /** The copy is on the disk before it gets its name. */
  readonly synced: boolean
  /** If `from` is a link, what it leads to is copied. */
  readonly follows?: boolean
}

export const kindOf = (stats: Stats): Entry['kind'] =>
  stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? 'link' : 'other'

/**
 * Copies `from`, which is of that kind, to `to`, a private name: a file's bytes (a clone where the disk can make one),
 * or a link's text. Returns what a file was that was copied. `device`: that of the copy, if it is known.
 */
export function* duplicate(
  from: Path,
  to: Path,
  kind: Entry['kind'],
  kept: Kept,
  progress?: FileProgress,
  device?: bigint,
): Steps<Stats | undefined> {
  if (kind === 'file') return yield* duplicateFile(from, to, kept, progress, device)
  if (kind !== 'link') throw notAFile(from, to)
  yield* fs.symlink(yield* fs.readlink(from), to)
  return undefined
}

const notAFile = (from: Path, to: Path): Error =>
  systemError('EINVAL', 'copyfile', 'it is neither a file nor a link, so it cannot be copied', from, to)

/** From here on the open file counts, not its name: that may lead to anything by the time of the next call. */
function* duplicateFile(
  from: Path,
  to: Path,
  kept: Kept,
  progress: FileProgress | undefined,
  device: bigint | undefined,
): Steps<Stats> {
  const source = yield* fs.open(from, kept.follows ? 'r nonblock' : 'r nofollow')
  return yield* closing(source, function* () {
    const was = yield* fs.fstat(source)
    if (!was.isFile()) throw notAFile(from, to)
    progress?.begin(Number(was.size))
    const clone: Clone = { source, from, to, was, device }
    if (mayClone(was, kept) && !isOpenedFirst(kept) && (yield* tryClone(clone))) yield* finishClone(to, was, kept)
    else yield* copyOpen(clone, kept, progress)
    progress?.reach(Number(was.size))
    return was
  })
}

/**
 * What is done with a clone afterwards must be done by its descriptor: its name may be another file's by then, in a
 * directory that others may write. Only Linux can clone into what is open.
 */
const isOpenedFirst = (kept: Kept): boolean => process.platform === 'linux' && isFinished(kept)

const isFinished = ({ owner, times, synced }: Kept): boolean => owner || times || synced

function* copyOpen(clone: Clone, kept: Kept, progress?: FileProgress): Steps<void> {
  const { source, to, was } = clone
  const target = yield* fs.open(to, 'wx', firstMode(was, kept))
  yield* closingWritten(target, kept.synced, function* () {
    const mayBeClone = mayClone(was, kept) && isOpenedFirst(kept)
    if (!mayBeClone || !(yield* tryCloneInto(target, clone))) yield* copyBytes(source, target, was, progress)
    yield* finish(target, was, kept)
  })
}

/** A clone has all of the mode at once, while it is still ours: that must not let others do what they may not. */
const mayClone = (was: Stats, kept: Kept): boolean =>
  (was.mode & 0o6000n) === 0n && firstMode(was, kept) === Number(was.mode & 0o777n)

function* finishClone(to: Path, was: Stats, kept: Kept): Steps<void> {
  if (!isFinished(kept)) return
  const target = yield* fs.open(to, 'r nofollow')
  yield* closing(target, () => finish(target, was, kept))
}

/** The mode with which the copy is created: without set-ID bits, and without the group's until that is right. */
const firstMode = (was: Stats, { owner }: Kept): number =>
  owner ? creationMode(unchanged, was) : Number(was.mode & 0o777n)

/** Gives an open copy, which has all its bytes, its owner, its mode and its times, and syncs it. */
function* finish(target: number, was: Stats, kept: Kept): Steps<void> {
  const made = yield* fs.fstat(target)
  if (kept.owner) yield* setPermissions(target, made, unchanged, was)
  else yield* setMode(target, made, Number(keptMode(was, made)), false)
  if (kept.times) yield* fs.futimes(target, ...timesOf(was))
  if (kept.synced) yield* fs.fsync(target)
}

/**
 * The mode of a copy: without the set-user-ID and set-group-ID bits if its owner or its group is another than that of the
 * source. With them, a process that ran the copy would run as that owner.
 */
const keptMode = (was: Stats, made: Stats): bigint =>
  was.mode & (made.uid === was.uid && made.gid === was.gid ? 0o7777n : 0o777n)

/**
 * Gives a directory that was copied its mode; `made` is what it was made as. If it has inherited the set-group-ID bit,
 * that stays: everything in the tree that it is in is to have one group.
 */
export const keepMode = (dir: Path, made: Stats, was: Stats): Steps<void> =>
  setMode(dir, made, Number((was.mode & 0o7777n) | (made.mode & 0o2000n)), false)

/** Sets the times of access and change, each to a moment in the same microsecond. */
export const keepTimes = (path: Path, was: Stats): Steps<void> => fs.utimes(path, ...timesOf(was))

const timesOf = ({ atimeNs, mtimeNs }: Stats): [number, number] => [secondsOf(atimeNs), secondsOf(mtimeNs)]

/**
 * Node takes seconds as a number, also in a text or a Date, and from 2004 to 2038 such numbers are 238 ns apart: the next
 * one is up to 120 ns away. Node 24 and newer give a file all digits of it; older ones multiply it, and cut off what
 * is less than a microsecond. A number of these nanoseconds of a microsecond stays in it either way.
 */
const leastNs = 120
const mostNs = 750

/** The very number if there is one, as of whole seconds; or else the nearest in the same microsecond. */
function secondsOf(ns: bigint): number {
  const whole = Number(ns / 1_000_000_000n)
  const rest = Number(ns % 1_000_000_000n)
  const nearest = whole + rest / 1e9
  if ((nearest - whole) * 1e9 === rest) return nearest
  const within = Math.abs(rest) % 1000
  const moved = Math.min(Math.max(within, leastNs), mostNs) - within
  return whole + (rest + Math.sign(rest) * moved) / 1e9
}
