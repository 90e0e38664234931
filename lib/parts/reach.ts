// Finds a directory again that was closed: from the topmost one of its tree, on the way on which it was found.

import { type Entry, fs, type Steps } from '../core/steps.js'
import {
  assertUnmoved,
  close,
  movedError,
  type OpenDirectory,
  openDirectory,
  openThrough,
  pathIn,
  using,
} from './directory-handle.js'
import { sameInode } from './identity.js'
import { childPath } from './tree.js'

export interface Root {
  /** The topmost directory, whose inode is known if another one is to be reached. */
  readonly top: OpenDirectory
  /** Names are looked up by descriptors. */
  readonly isHeld: boolean
}

/** A name on the way down. */
export interface Step {
  readonly entry: Entry
  /** The name was a link, which was followed. */
  readonly follows?: boolean
}

/** Opens the directory that these steps lead to. Two directories are open meanwhile. */
export function* reachFrom(root: Root, way: readonly Step[]): Steps<OpenDirectory> {
  let dir = yield* reopen(root)
  for (const step of way) {
    const above = dir
    dir = yield* using(above, () => openIn(above, step))
  }
  return dir
}

/** Opens a directory in one that is open. */
export function openIn(above: OpenDirectory, { entry, follows }: Step): Steps<OpenDirectory> {
  const open = follows ? openThrough : openDirectory
  return open(pathIn(above, entry), childPath(above.shown, entry), above)
}

/** Throws EAGAIN if the path of the topmost directory leads elsewhere now. */
function* reopen({ top, isHeld }: Root): Steps<OpenDirectory> {
  if (!isHeld) {
    yield* assertUnmoved(top)
    return { ...top }
  }
  const dir = yield* openThrough(top.shown)
  const isSame = sameInode(yield* fs.fstat(dir.fd as number), top.was)
  if (isSame) return dir
  yield* close(dir)
  throw movedError(top.shown)
}
