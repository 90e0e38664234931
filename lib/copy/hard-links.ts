// Names of one file in the source become names of one file at the target. The first that is copied is the one to which
// the others are linked. They wait until all else in their directory is copied, so none waits for a file of many bytes.

import { isSystemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { type OpenDirectory, pathIn, using } from '../parts/directory-handle.js'
import { isInode } from '../parts/identity.js'
import { reachAgain } from './directory.js'
import type { Item } from './item.js'
import type { Tree } from './job.js'

const keyOf = ({ dev, ino }: Stats): string => `${dev}:${ino}`

/**
 * Runs `copyAlone`, which copies the item, unless another name of its file is copied, or is being copied: then the item
 * comes later, and this returns false.
 */
export function* copyFirst(item: Item, tree: Tree, copyAlone: () => Steps<void>): Steps<boolean> {
  const key = yield* keyOfFile(item, tree)
  if (key !== undefined && tree.twins.has(key)) {
    item.above?.later.push(item)
    return false
  }
  if (key === undefined) yield* copyAlone()
  else yield* copyForOthers(item, key, tree, copyAlone)
  return true
}

/** Undefined if the file has no other name. */
function* keyOfFile(item: Item, { dereference }: Tree): Steps<string | undefined> {
  if (item.kind !== 'file' || !item.above || item.twin) return undefined
  item.was ??= yield* (dereference ? fs.stat : fs.lstat)(item.from, orNothing)
  return item.was && item.was.nlink > 1n ? keyOf(item.was) : undefined
}

function* copyForOthers(item: Item, key: string, { twins }: Tree, copyAlone: () => Steps<void>): Steps<void> {
  twins.set(key, undefined)
  let isMade = false
  try {
    yield* copyAlone()
    // If another process has replaced it, the others must not become links to that.
    isMade = item.inode !== undefined && (yield* isInode(item.to, item.inode)) === true
  } finally {
    if (isMade) twins.set(key, item)
    else twins.delete(key)
  }
}

/** Other names in one directory, of files whose copies are in one directory. */
interface Group {
  /** Undefined if the first name could not be copied: then one of these is the first. */
  readonly above: Item | undefined
  readonly items: Item[]
}

/** Passes the names in `dir` that come later to `copyAll`, those together whose twins are in one directory. */
export function* copyLater(dir: Item, tree: Tree, copyAll: (items: readonly Item[]) => Steps<void>): Steps<void> {
  for (let { later } = dir; later.length > 0; later = dir.later) {
    dir.later = []
    for (const { above, items } of groupsOf(later, tree))
      if (!above) yield* copyAll(items)
      else if (isOpen(above, tree)) yield* copyAll(giveTwins(items, tree, item => item.to))
      else yield* linkInto(above, items, tree, copyAll)
  }
}

const isOpen = ({ target }: Item, { isHeld }: Tree): boolean => target?.fd !== undefined || !isHeld

function groupsOf(items: readonly Item[], { twins }: Tree): Iterable<Group> {
  const groups = new Map<Item | undefined, Group>()
  for (const item of items) {
    const above = item.was && twins.get(keyOf(item.was))?.above
    const group = groups.get(above) ?? { above, items: [] }
    group.items.push(item)
    groups.set(above, group)
  }
  return groups.values()
}

/** `pathOf` returns the path of a file that was copied. */
function giveTwins(items: readonly Item[], { twins }: Tree, pathOf: (first: Item) => Path): readonly Item[] {
  for (const item of items) {
    const first = twins.get(keyOf(item.was as Stats))
    if (first?.inode) item.twin = { path: pathOf(first), inode: first.inode }
  }
  return items
}

/** If the directory of the twins cannot be found again, one of the items is copied like any other. */
function* linkInto(
  above: Item,
  items: readonly Item[],
  tree: Tree,
  copyAll: (items: readonly Item[]) => Steps<void>,
): Steps<void> {
  const there = yield* findAgain(above, tree)
  if (!there) {
    for (const { was } of items) tree.twins.delete(keyOf(was as Stats))
    return yield* copyAll(items)
  }
  yield* using(there, dir => copyAll(giveTwins(items, tree, ({ entry }) => pathIn(dir, entry))))
}

function* findAgain(dir: Item, tree: Tree): Steps<OpenDirectory | undefined> {
  try {
    return yield* reachAgain(dir, 'target', tree)
  } catch (error) {
    if (!isSystemError(error)) throw error
    return undefined
  }
}
