// The order in which the locks of several files are taken. It must be the same for all callers, whatever they call the
// files: otherwise two of them could hold one lock each, and wait for the other's for ever.

import { basename, dirname } from 'node:path'
import { hasCode } from '../core/errors.js'
import { refusal } from '../core/input.js'
import { fs, type Steps } from '../core/steps.js'
import type { Locking } from '../lock/hold.js'

/** The locks in their order, each once; and for each file, which of them is its own. */
export interface Order {
  readonly locks: readonly Locking[]
  readonly lockOf: readonly number[]
}

interface Placed {
  readonly locking: Locking
  readonly file: number
  readonly place: string
  /** Two spellings of one name, where case does not count, must not be sorted apart. */
  readonly folded: string
}

/** `files`: the lock of each file. @throws `ERR_INVALID_ARG_VALUE` if two files are one. */
export function* inOrder(files: readonly Locking[]): Steps<Order> {
  const placed: Placed[] = []
  for (const [file, locking] of files.entries()) {
    const place = yield* realPlace(locking.dir)
    placed.push({ locking, file, place, folded: place.normalize().toLowerCase() })
  }
  placed.sort((a, b) => compare(a.folded, b.folded) || compare(a.place, b.place))
  const locks: Locking[] = []
  const lockOf: number[] = []
  let before: Placed | undefined
  for (const one of placed) {
    if (before?.place === one.place) yield* refuseOneFile(before.locking.path, one.locking.path)
    else locks.push(one.locking)
    lockOf[one.file] = locks.length - 1
    before = one
  }
  return { locks, lockOf }
}

/** By code units, because the order of a language differs from machine to machine. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Several files may share a lock, but each of them is changed once. */
function* refuseOneFile(a: string, b: string): Steps<void> {
  if ((yield* realPlace(a)) === (yield* realPlace(b))) throw sameFile(b)
}

export const sameFile = (file: unknown): Error =>
  refusal('ERR_INVALID_ARG_VALUE', 'files', 'paths of files that are all different', file)

/** The path of a name, with no links on the way. Directories that are still to be made are spelled as they are. */
function* realPlace(path: string): Steps<string> {
  const dir = dirname(path)
  if (dir === path) return path
  return `${yield* realDirectory(dir)}/${basename(path)}`
}

function* realDirectory(dir: string): Steps<string> {
  try {
    return yield* fs.realpath(dir)
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error
    return yield* realPlace(dir)
  }
}
