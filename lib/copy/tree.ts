// The work of `copy`, and of `move` to another device: a thing, and everything below it.
//
// A directory is copied before those in it, and these come some at a time, if enough descriptors are free. However deep
// the tree is, four descriptors are open besides those: of a directory and of the one above it, and of their copies.

import { isShortage, isSystemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, type Steps } from '../core/steps.js'
import { achieve, noEvidence } from '../parts/achieve.js'
import { reopenAbove } from '../parts/directory-above.js'
import { close, nameAsShown, type OpenDirectory } from '../parts/directory-handle.js'
import { kindOf } from '../parts/duplicate.js'
import { copyGroup, copyTop, finish } from './contents.js'
import { finishDirectory, openNow, putBothAway, reachAgain, reopenBoth, type Side } from './directory.js'
import { Item, type Paths } from './item.js'
import type { Copying, Level, Tree } from './job.js'
import { cannotCopy } from './refusals.js'

/** More at a time gain nothing: their files are copied together. */
const mostDirectories = 16

/** Copies what is at a path, and everything below it. */
export function* copyTree(paths: Paths, was: Stats, job: Copying): Steps<void> {
  const top = new Item({ name: paths.from, kind: kindOf(was) }, undefined, paths)
  top.was = was
  top.follows = paths.follows ?? false
  // Each has its copy open, too. The files take as many.
  const most = Math.floor((yield* fs.descriptors()) / 6)
  const level: Level = { dir: undefined, todo: [], deeper: [] }
  const tree: Tree = {
    ...job,
    ...{ top, isHeld: false, into: undefined, rooms: [], special: [], twins: new Map(), way: [level], group: [] },
    width: Math.max(1, Math.min(mostDirectories, job.concurrency, most)),
  }
  if (was.isFile()) tree.sum.totalBytes = Number(was.size)
  try {
    yield* copyTop(top, level, tree)
    while (yield* copyNext(tree));
  } catch (error) {
    for (const dir of inUse(tree)) nameAsShown(error, dir)
    throw error
  } finally {
    for (const dir of inUse(tree)) yield* close(dir)
  }
  if (tree.special.length > 0) throw cannotCopy(tree.special)
}

/** The directories in which names are looked up now, the innermost first. */
function inUse({ group, way, isHeld }: Tree): readonly OpenDirectory[] {
  const above = [...way].reverse().flatMap(({ dir, deeper }) => (dir ? [...deeper, dir] : deeper))
  // The path of one that was closed may lead to another.
  return [...group, ...above].flatMap(openNow).filter(({ fd }) => fd !== undefined || !isHeld)
}

/** Returns false when all is copied. */
function* copyNext(tree: Tree): Steps<boolean> {
  const here = tree.way.at(-1) as Level
  const deeper = here.deeper.at(-1)
  if (deeper) yield* goDown(deeper, here, tree)
  else if (here.todo.length > 0) yield* copyGroup(here.todo.splice(0, tree.width), here, tree)
  else if (here.dir) yield* goUp(here.dir, tree)
  else return false
  return true
}

function* goDown(dir: Item, here: Level, tree: Tree): Steps<void> {
  yield* reopenBoth(dir, tree)
  here.deeper.pop()
  tree.way.push({ dir, todo: [...dir.below], deeper: [] })
  if (here.dir) yield* putBothAway(here.dir)
}

/**
 * All that is in the directory is copied. The one above is found by it first, because with its own mode it may no longer
 * let that be done.
 */
function* goUp(dir: Item, tree: Tree): Steps<void> {
  const above = tree.way.at(-2)?.dir
  const lost: Side[] = []
  for (const side of ['source', 'target'] as const)
    if (above?.[side] && !(yield* isFoundAbove(dir[side], above[side], tree))) lost.push(side)
  if (dir.source) yield* close(dir.source)
  yield* finishDirectory(dir, tree)
  if (dir.target) yield* close(dir.target)
  for (const side of lost) (above as Item)[side] = yield* reachAgain(above as Item, side, tree)
  tree.way.pop()
  yield* finish(dir)
}

/** False if another process has moved the directory, or a link led to it: then the one above is reached from the topmost. */
function* isFoundAbove(dir: OpenDirectory | undefined, above: OpenDirectory, { trial }: Tree): Steps<boolean> {
  const reopen = function* () {
    try {
      if (dir) yield* reopenAbove(dir, above)
      return dir !== undefined
    } catch (error) {
      if (!isSystemError(error) || isShortage(error)) throw error
      return false
    }
  }
  return yield* achieve(reopen, noEvidence, trial)
}
