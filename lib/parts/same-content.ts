// Are two names one inode, or have they at least the same content?

import { hasCode } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { sameInode } from './identity.js'
import { closing } from './stage.js'

const chunkBytes = 64 * 1024

/**
 * What has the new name: the same inode, the same content (only asked where a copy is enough), something else, nothing?
 * The caller decides by one such look, because between two looks another process could take the name, or free it.
 */
export function* statLink(from: Path, to: Path, copies: boolean): Steps<'one' | 'alike' | 'another' | 'nothing'> {
  const there = yield* fs.lstat(to, orNothing)
  if (!there) return 'nothing'
  const source = yield* fs.lstat(from, orNothing)
  // On macOS a hard link to a symbolic link is one to what that points to.
  const target = source?.isSymbolicLink() ? yield* fs.stat(from, orNothing) : undefined
  if (sameInode(there, source) || sameInode(there, target)) return 'one'
  return copies ? yield* compare(from, to, fs.lstat(from), false) : 'another'
}

/**
 * Is a copy there: the same bytes with the same permissions, or a link with the same text? With `follow`, of what a link
 * at `from` leads to.
 */
export const isCopy = (from: Path, to: Path, follow: boolean): Steps<'alike' | 'another' | 'nothing'> =>
  compare(from, to, (follow ? fs.stat : fs.lstat)(from), true)

export function* isLinkOf(from: Path, path: Path): Steps<true | undefined> {
  return (yield* statLink(from, path, false)) === 'one' || undefined
}

/**
 * Compares two files by their bytes, or two links by their text. `nothing`: at an instant during the comparison nothing
 * was `there`, whatever is there now.
 */
function* compare(
  here: Path,
  there: Path,
  source: Steps<Stats>,
  modes: boolean,
): Steps<'alike' | 'another' | 'nothing'> {
  const other = yield* fs.lstat(there, orNothing)
  if (!other) return 'nothing'
  const one = yield* source
  if (one.isSymbolicLink() && other.isSymbolicLink()) {
    const text = yield* orGone(fs.readlink(there))
    if (!text) return 'nothing'
    return text.equals(yield* fs.readlink(here)) ? 'alike' : 'another'
  }
  if (!one.isFile() || !other.isFile()) return 'another'
  const fd = yield* orGone(fs.open(there, 'r'))
  if (fd === undefined) return 'nothing'
  // From here on the comparison is with one inode, whatever has the name.
  return yield* closing(fd, () => compareFile(here, one, fd, modes))
}

function* compareFile(here: Path, one: Stats, right: number, modes: boolean): Steps<'alike' | 'another'> {
  const other = yield* fs.fstat(right)
  if (other.size !== one.size || (modes && ((other.mode ^ one.mode) & 0o777n) !== 0n)) return 'another'
  const left = yield* fs.open(here, 'r')
  return (yield* closing(left, () => haveSameBytes(left, right))) ? 'alike' : 'another'
}

/** Undefined if it was there a moment ago and has gone, or something of another kind has come in its place. */
function* orGone<T>(call: Steps<T>): Steps<T | undefined> {
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

/** Fills the buffer, because one call may read only a part. Returns how much there was. */
function* readFull(fd: number, into: Buffer, position: number): Steps<number> {
  let filled = 0
  while (filled < into.length) {
    const got = yield* fs.read(fd, into.subarray(filled), position + filled)
    if (got === 0) break
    filled += got
  }
  return filled
}
