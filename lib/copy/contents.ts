// What is in some directories of one directory. All of it is copied together, but for the directories in those, which
// come later.

import { isShortage } from '../core/errors.js'
import { FileProgress } from '../core/progress.js'
import { fs, type Steps } from '../core/steps.js'
import { concurrently, type Task } from '../parts/concurrently.js'
import { assertUnmoved, close } from '../parts/directory-handle.js'
import { kindOf } from '../parts/duplicate.js'
import { findEnd, refusePlanted } from '../parts/follow-links.js'
import { type Batch, copyBatch, nodesIn } from './batch.js'
import { closeBoth, enterDirectory, finishDirectory, openBeside, putBothAway, reopenBoth } from './directory.js'
import { copyEntry, trialOf } from './entry.js'
import { copyFirst, copyLater } from './hard-links.js'
import type { Item } from './item.js'
import type { Level, Tree } from './job.js'
import { refuseOneName } from './one-name.js'

/** Tasks that go on together, and may lead to more. */
interface Pass {
  readonly tree: Tree
  readonly level: Level
  readonly todo: Task[]
}

function* run(pass: Pass, tasks: readonly Task[]): Steps<void> {
  // Backwards, because the task that is added last starts first.
  pass.todo.push(...[...tasks].reverse())
  yield* concurrently(pass.todo, () => pass.tree.concurrency)
}

/** Copies the topmost thing, unless it is a directory: then it is one of those that are still to be copied. */
export function* copyTop(top: Item, level: Level, tree: Tree): Steps<void> {
  const pass: Pass = { tree, level, todo: [] }
  yield* run(pass, [() => enterItem(top, pass)])
}

/** Copies these directories of one directory, but for the directories in them. */
export function* copyGroup(group: readonly Item[], level: Level, tree: Tree): Steps<void> {
  tree.group = group
  const pass: Pass = { tree, level, todo: [] }
  const tasks = group.map(dir => () => copyDirectory(dir, pass))
  yield* run(pass, tasks)
  const left = group.filter(({ later }) => later.length > 0)
  // Too few descriptors were free: each of them comes alone.
  if (tree.width === 1 && group.length > 1) for (const dir of left) yield* putBothAway(dir)
  for (const dir of left) {
    yield* reopenBoth(dir, tree)
    yield* copyOthers(dir, pass)
  }
  tree.group = []
}

function* copyDirectory(dir: Item, pass: Pass): Steps<void> {
  const { tree, level, todo } = pass
  const { length } = tree.group
  try {
    const entries = yield* enterDirectory(dir, tree, length > 1 ? trialOf(tree) : tree.trial)
    yield* openBeside(dir)
    const nodes = yield* nodesIn(dir, entries, tree)
    dir.left = nodes.length
    for (let at = nodes.length - 1; at >= 0; at--) todo.push(() => enter(nodes[at] as Item | Batch, pass))
  } catch (error) {
    if (!isShortage(error) || length === 1) throw error
    // It comes once more, with fewer others.
    yield* closeBoth(dir)
    tree.width = Math.min(tree.width, length >> 1)
    level.todo.push(dir)
    return
  }
  if (dir.left === 0) yield* leave(dir, pass)
}

function* enter(node: Item | Batch, pass: Pass): Steps<void> {
  if (!('files' in node)) return yield* enterItem(node, pass)
  const { tree, todo } = pass
  const { dir, files } = node
  if (tree.special.length === 0) {
    yield* assertFound(dir)
    for (const item of yield* copyBatch(files, tree, tree.rooms)) {
      dir.left++
      todo.push(() => copyItem(item, pass))
    }
  }
  yield* countDown(dir, pass)
}

function* enterItem(item: Item, pass: Pass): Steps<void> {
  const { tree, level } = pass
  const { filter, onProgress } = tree
  if (onProgress) item.progress = new FileProgress(tree, item.shownFrom)
  const isWanted = !filter || (yield* fs.settle(filter(String(item.shownFrom), String(item.shownTo), item.kind)))
  if (isWanted) {
    if (item.rivals) yield* refuseOneName(item)
    if (tree.dereference && item.kind === 'link') yield* follow(item)
    if (item.kind === 'other') tree.special.push(item)
    // What is left is only looked through for more of them, so that the error can name all.
    if (item.kind !== 'directory' && tree.special.length === 0) return yield* copyItem(item, pass)
  }
  if (isWanted && item.kind === 'directory') (item.above?.below ?? level.todo).push(item)
  else yield* finish(item)
  yield* countDown(item.above, pass)
}

/** Makes of the item what its link leads to. */
function* follow(item: Item): Steps<void> {
  const { above, from } = item
  yield* assertFound(above)
  yield* typeof from === 'string' ? findEnd(from) : refusePlanted(from, yield* fs.lstat(from))
  item.was = yield* fs.stat(from)
  item.kind = kindOf(item.was)
  item.follows = true
}

/** Copies a file or a link. */
function* copyItem(item: Item, pass: Pass): Steps<void> {
  const { tree, todo } = pass
  const { concurrency } = tree
  let isCopied: boolean
  try {
    yield* assertFound(item.above)
    isCopied = yield* copyFirst(item, tree, () => copyEntry(item, tree))
  } catch (error) {
    if (!isShortage(error)) throw error
    if (concurrency > 1) {
      // Others that began beside this one may have failed with it: together they halve it once. It is tried again when
      // its turn comes once more.
      tree.concurrency = Math.min(tree.concurrency, concurrency >> 1)
      todo.push(() => copyItem(item, pass))
      return
    }
    // The directories that are open have the descriptors.
    if (tree.group.length === 1 || !item.above) throw error
    tree.width = 1
    item.above.later.push(item)
    isCopied = false
  }
  if (isCopied) yield* finish(item)
  yield* countDown(item.above, pass)
}

/** Where directories are found by path: throws EAGAIN if the path of one of the two leads elsewhere now. */
function* assertFound(dir: Item | undefined): Steps<void> {
  if (dir?.source) yield* assertUnmoved(dir.source)
  if (dir?.target) yield* assertUnmoved(dir.target)
}

/** One thing in the directory is done. */
function* countDown(dir: Item | undefined, pass: Pass): Steps<void> {
  if (dir && --dir.left === 0 && dir.later.length === 0) yield* leave(dir, pass)
}

/** Copies the other names of files that are copied, and what found no descriptor. */
function* copyOthers(dir: Item, { tree, level }: Pass): Steps<void> {
  dir.left = 1
  const pass: Pass = { tree, level, todo: [] }
  yield* copyLater(dir, tree, items => {
    dir.left += items.length
    const tasks = items.map(item => () => copyItem(item, pass))
    return run(pass, tasks)
  })
  yield* countDown(dir, pass)
}

/** What is in the directory is copied, but for the directories. */
function* leave(dir: Item, { tree, level }: Pass): Steps<void> {
  if (dir.below.length === 0) {
    yield* finishDirectory(dir, tree)
    yield* closeBoth(dir)
    return yield* finish(dir)
  }
  if (dir.stages) yield* close(dir.stages)
  if (tree.group.length > 1) yield* putBothAway(dir)
  level.deeper.push(dir)
}

/** Counts what is done with: what was left out, too. */
export function* finish({ kind, copied, was, progress }: Item): Steps<void> {
  if (progress) yield* progress.finish(kind === 'file' && copied && was ? Number(was.size) : 0)
}
