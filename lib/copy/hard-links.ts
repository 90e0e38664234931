// Names of one file in the source become names of one file at the target. The first that is copied is the one to which
// the others are linked.

import { isSystemError } from '../core/errors.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { tidy } from '../parts/cleanup.js'
import { isInode } from '../parts/identity.js'
import type { Copying, Item } from './job.js'
import type { Twin } from './twin.js'

/** By the inode in the source: its copy, or `pending` while that is made. */
export type Twins = Map<string, Twin | 'pending'>

/** Runs `copyAlone`, which copies the item: by a link, if another name of its file was copied before. */
export function* copyLinked(
  item: Item,
  { dereference }: Copying,
  twins: Twins,
  copyAlone: () => Steps<void>,
): Steps<void> {
  if (item.kind !== 'file' || !item.above) return yield* copyAlone()
  item.was ??= yield* (dereference ? fs.stat : fs.lstat)(item.from, orNothing)
  if (!item.was || item.was.nlink < 2n) return yield* copyAlone()
  const key = `${item.was.dev}:${item.was.ino}`
  while (twins.get(key) === 'pending') yield* pause(item)
  const twin = twins.get(key)
  if (typeof twin === 'object') {
    item.twin = twin
    return yield* copyAlone()
  }
  twins.set(key, 'pending')
  let made: Twin | undefined
  try {
    yield* copyAlone()
    // If another process has replaced it, the others must not become links to that.
    if (item.inode && (yield* isInode(item.to, item.inode))) made = { path: item.to, inode: item.inode }
  } finally {
    if (made) twins.set(key, made)
    else twins.delete(key)
  }
}

/**
 * Lets the other tasks make a call. It takes a descriptor itself, so that where none is free this task lacks one as well
 * as the task that it waits for: then not all of them wait for each other.
 */
function* pause({ from }: Item): Steps<void> {
  yield* fs.close(yield* fs.open(from, 'r nofollow'))
}

/** Makes `path` a link to the copy. Returns whether it is one: if not, the item is copied like any other. */
export function* linkTwin({ path: existing, inode }: Twin, path: Path): Steps<boolean> {
  try {
    yield* fs.link(existing, path)
  } catch (error) {
    if (!isSystemError(error)) throw error
  }
  const isLinked = (yield* isInode(path, inode)) ?? false
  if (!isLinked) yield* tidy(fs.unlink(path))
  return isLinked
}
