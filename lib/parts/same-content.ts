// Two names: are they one inode, or at least alike?

import { hasCode } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { same } from './claim.js'
import { closing } from './stage.js'

const chunkBytes = 64 * 1024

/**
 * What has the new name? Where a copy will do, also: has it the same content? Whoever asks decides by one answer, because
 * between two of them somebody could take the name, or leave it.
 */
export function* lookAt(from: Path, to: Path, copies: boolean): Steps<'one' | 'alike' | 'another' | 'nothing'> {
  const there = yield* fs.lstat(to, orNothing)
  if (!there) return 'nothing'
  const source = yield* fs.lstat(from, orNothing)
  // On macOS the new name of a link is that of what it points to.
  const target = source?.isSymbolicLink() ? yield* fs.stat(from, orNothing) : undefined
  if (same(there, source) || same(there, target)) return 'one'
  return copies ? yield* compare(from, to, fs.lstat(from), false) : 'another'
}

/**
 * Is a copy there: the same bytes with the same permissions, or a link with the same text? With `follow`, of what a link
 * at `from` leads to.
 */
export const isCopy = (from: Path, to: Path, follow: boolean): Steps<'alike' | 'another' | 'nothing'> =>
  compare(from, to, (follow ? fs.stat : fs.lstat)(from), true)

export function* isOne(from: Path, path: Path): Steps<true | undefined> {
  return (yield* lookAt(from, path, false)) === 'one' || undefined
}

/**
 * Is what is at `there` like `here`: two files with the same bytes, or two links with the same text? `nothing`: at an
 * instant there was nothing there, whatever is there by now.
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
  // From here on it is one inode that is looked at, whoever has the name.
  return yield* closing(fd, () => compareFile(here, one, fd, modes))
}

function* compareFile(here: Path, one: Stats, right: number, modes: boolean): Steps<'alike' | 'another'> {
  const other = yield* fs.fstat(right)
  if (other.size !== one.size || (modes && ((other.mode ^ one.mode) & 0o777n) !== 0n)) return 'another'
  const left = yield* fs.open(here, 'r')
  return (yield* closing(left, () => haveSameBytes(left, right))) ? 'alike' : 'another'
}

/** Undefined: it was there a moment ago, and has gone, or something of another kind has come in its place. */
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

/** Fills the buffer, however little one call answers; answers how much there was. */
function* readFull(fd: number, into: Buffer, position: number): Steps<number> {
  let filled = 0
  while (filled < into.length) {
    const got = yield* fs.read(fd, into.subarray(filled), position + filled)
    if (got === 0) break
    filled += got
  }
  return filled
}
