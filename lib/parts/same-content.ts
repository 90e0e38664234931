// Compares what two names are: one inode, two with the same content, or neither.

import { hasCode } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { sameInode } from './identity.js'
import { closing } from './stage.js'

const chunkBytes = 64 * 1024

/** `missing`: what it was to be compared with is gone. */
type Compared = 'alike' | 'another' | 'nothing' | 'missing'

/**
 * What is at `to`: the inode at `from` (`one`), the same content (`alike`; compared only with `copies`, where a copy
 * will do), something else, or nothing. One call finds all of this out, because between two calls another process may
 * take the name, or free it.
 */
export function* statLink(from: Path, to: Path, copies: boolean): Steps<'one' | Compared> {
  const there = yield* fs.lstat(to, orNothing)
  if (!there) return 'nothing'
  const source = yield* fs.lstat(from, orNothing)
  if (!source) return 'missing'
  // On macOS a hard link to a symbolic link is a link to that one's target.
  const target = source.isSymbolicLink() ? yield* fs.stat(from, orNothing) : undefined
  if (sameInode(there, source) || sameInode(there, target)) return 'one'
  return copies ? yield* compareContent({ here: from, follow: false, modes: false }, to) : 'another'
}

/**
 * Whether a copy of `from` is at `to`: the same bytes with the same permissions, or a link with the same text. With
 * `follow`, a link at `from` stands for what it leads to.
 */
export const statCopy = (from: Path, to: Path, follow: boolean): Steps<Compared> =>
  compareContent({ here: from, follow, modes: true }, to)

/** True if both names are one inode. */
export function* isLinkOf(from: Path, path: Path): Steps<true | undefined> {
  return (yield* statLink(from, path, false)) === 'one' || undefined
}

/** What is compared with something else. */
interface Original {
  readonly here: Path
  /** A link stands for what it leads to. */
  readonly follow: boolean
  /** The permissions are compared, too. */
  readonly modes: boolean
}

/**
 * Compares two files by their bytes, or two links by their text. `nothing`: nothing was at the path `there`, or what
 * was has gone, or has become something of another kind, during the comparison.
 */
function* compareContent(original: Original, there: Path): Steps<Compared> {
  const other = yield* fs.lstat(there, orNothing)
  if (!other) return 'nothing'
  const { here, follow } = original
  const one = yield* (follow ? fs.stat : fs.lstat)(here, orNothing)
  if (!one) return 'missing'
  if (one.isSymbolicLink() && other.isSymbolicLink()) {
    const text = yield* orChanged(fs.readlink(there))
    if (!text) return 'nothing'
    return text.equals(yield* fs.readlink(here)) ? 'alike' : 'another'
  }
  if (!one.isFile() || !other.isFile()) return 'another'
  const fd = yield* orChanged(fs.open(there, 'r nofollow'))
  if (fd === undefined) return 'nothing'
  // The descriptor stays with this inode, even if another process replaces what has the name.
  return yield* closing(fd, () => compareFile(original, one, fd))
}

function* compareFile({ here, follow, modes }: Original, one: Stats, right: number): Steps<Compared> {
  const other = yield* fs.fstat(right)
  if (!other.isFile()) return 'another'
  if (other.size !== one.size || (modes && ((other.mode ^ one.mode) & 0o777n) !== 0n)) return 'another'
  const left = yield* orChanged(fs.open(here, follow ? 'r nonblock' : 'r nofollow'))
  if (left === undefined) return 'missing'
  return (yield* closing(left, () => haveSameBytes(left, right))) ? 'alike' : 'another'
}

/**
 * Makes a call about a name; returns undefined if what had the name has gone, or has become something of another kind.
 */
function* orChanged<T>(call: Steps<T>): Steps<T | undefined> {
  try {
    return yield* call
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EINVAL', 'ELOOP')) return undefined
    throw error
  }
}

function* haveSameBytes(a: number, b: number): Steps<boolean> {
  const [left, right] = [Buffer.allocUnsafe(chunkBytes), Buffer.allocUnsafe(chunkBytes)]
  for (let position = 0; ; position += chunkBytes) {
    const [read, other] = [yield* readFull(a, left, position), yield* readFull(b, right, position)]
    if (read !== other || left.compare(right, 0, other, 0, read) !== 0) return false
    if (read < chunkBytes) return true
  }
}

/** Fills the buffer, in several calls if one reads only a part. Returns how many bytes there were. */
function* readFull(fd: number, into: Buffer, position: number): Steps<number> {
  let filled = 0
  while (filled < into.length) {
    const got = yield* fs.read(fd, into.subarray(filled), position + filled)
    if (got === 0) break
    filled += got
  }
  return filled
}
