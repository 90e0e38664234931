// The work of `copy`, and of `move` to another device: a thing, and everything below it.

import { isShortage, type SystemError, systemError } from '../core/errors.js'
import { fileProgress } from '../core/progress.js'
import type { Stats } from '../core/stats.js'
import { type Entry, fs, type Outcome, orNothing, type Path, type Steps, together, unwrap } from '../core/steps.js'
import { type Again, achieve, again, done, noEvidence } from '../parts/achieve.js'
import { tidy } from '../parts/cleanup.js'
import { keepMode, keepTimes, kindOf } from '../parts/duplicate.js'
import { syncDir } from '../parts/durable.js'
import { sameInode } from '../parts/identity.js'
import { setPermissions, unchanged } from '../parts/permissions.js'
import { giving } from '../parts/publish.js'
import { childPath, visit } from '../parts/tree.js'
import { type Batch, copyBatch, inBatches, isSimple, type Rooms } from './batch.js'
import { copyEntry, statVanished, underParents } from './entry.js'
import { copyLinked, type Twins } from './hard-links.js'
import type { Copying, Item } from './job.js'
import { withoutStages } from './live-names.js'
import { findRivals, refuseOneName } from './one-name.js'
import { cannotCopy } from './refusals.js'

interface Tree extends Copying {
  /** The topmost target directory, once it is there. */
  into: Stats | undefined
  readonly rooms: Rooms
  /** The devices, pipes and sockets that were met. After the first, nothing more is copied. */
  readonly special: Item[]
  readonly twins: Twins
}

/** For this thing no descriptor was free. It is tried again when its turn comes once more. */
interface Starved {
  readonly starved: Item
}

type Node = Item | Batch | Starved

/** Copies what is at `from`, and everything below it. */
export function* copyTree(from: string, to: string, was: Stats, job: Copying): Steps<void> {
  const tree: Tree = { ...job, into: undefined, rooms: [], special: [], twins: new Map() }
  if (was.isFile()) tree.sum.totalBytes = Number(was.size)
  const visitor = {
    enter: (node: Node) => enter(node, tree),
    leave: (node: Node) => leave(node, tree),
  }
  const root: Node = newItem(from, to, undefined, kindOf(was), was)
  yield* visit<Node>(root, visitor, () => tree.concurrency)
  if (tree.special.length > 0) throw cannotCopy(tree.special)
}

function newItem(from: Path, to: Path, above: Item | undefined, kind: Entry['kind'], was?: Stats): Item {
  return { from, to, above, was, kind, made: false, hasSpecial: false, copied: false, progress: undefined }
}

function* enter(node: Node, tree: Tree): Steps<readonly Node[]> {
  if ('files' in node) return tree.special.length > 0 ? [] : yield* copyBatch(node, tree, tree.rooms)
  return yield* 'starved' in node ? copyItem(node.starved, tree) : enterItem(node, tree)
}

function* enterItem(item: Item, tree: Tree): Steps<readonly Node[]> {
  const { from, to } = item
  const { filter } = tree
  item.progress = fileProgress(tree, from)
  if (filter && !(yield* fs.settle(filter(String(from), String(to), item.kind)))) return []
  if (item.rivals) yield* refuseOneName(item)
  if (tree.dereference && item.kind === 'link') yield* follow(item)
  if (item.kind === 'other') tree.special.push(item)
  // What is left is only looked through for more of them, so that the error can name all.
  if (tree.special.length > 0) return item.kind === 'directory' ? yield* listItems(item, tree) : []
  return yield* copyItem(item, tree)
}

function* copyItem(item: Item, tree: Tree): Steps<readonly Node[]> {
  const { concurrency } = tree
  try {
    if (item.kind === 'directory') return yield* copyDirectory(item, tree)
    yield* copyLinked(item, tree, tree.twins, () => copyEntry(item, tree))
    return []
  } catch (error) {
    if (!isShortage(error) || concurrency === 1) throw error
  }
  // Others that began beside this one may have failed with it: together they halve it once.
  tree.concurrency = Math.min(tree.concurrency, concurrency >> 1)
  return [{ starved: item }]
}

function* copyDirectory(item: Item, tree: Tree): Steps<readonly Node[]> {
  const below = itemsIn(item, yield* enterDirectory(item, tree), tree)
  findRivals(below)
  if (!isSimple(item, tree)) return below
  // Each file of a batch has its source and its copy open.
  const most = Math.floor((yield* fs.descriptors()) / 3)
  return inBatches(below, Math.max(1, Math.min(tree.concurrency, most)))
}

/** The same without copying anything. */
function* listItems(item: Item, tree: Tree): Steps<readonly Item[]> {
  // With `dereference`, links may lead in a circle.
  item.was ??= yield* fs.stat(item.from)
  return itemsIn(item, yield* fs.list(item.from), tree)
}

function itemsIn(item: Item, entries: readonly Entry[], { sum }: Tree): Item[] {
  sum.total += entries.length
  return entries.map(entry => newItem(childPath(item.from, entry), childPath(item.to, entry), item, entry.kind))
}

/** Makes of the item what its link leads to. Links may lead in a circle, which is an error. */
function* follow(item: Item): Steps<void> {
  item.was = yield* fs.stat(item.from)
  item.kind = kindOf(item.was)
  for (let { above } = item; above; above = above.above)
    if (sameInode(above.was, item.was))
      throw systemError('ELOOP', 'copy', 'a link leads to a directory that it is in', item.from)
}

/** Makes the directory, and returns what is in its source. */
function* enterDirectory(item: Item, tree: Tree): Steps<readonly Entry[]> {
  // Together, because neither needs the other.
  const [stats, listed] = yield* together<unknown>([fs.stat(item.from), fs.list(item.from)])
  item.was = unwrap(stats as Outcome<Stats>)
  const entries = yield* withoutStages(unwrap(listed as Outcome<Entry[]>))
  // Whatever way led here, this is the copy itself, and copying it would never end.
  if (sameInode(item.was, tree.into) || sameInode(item.was, tree.barred)) throw intoItself(item.from, item.to)
  yield* achieve(
    () => makeTargetDirectory(item, tree),
    error => statTargetDirectory(item, tree, error),
    tree.trial,
  )
  item.copied = true
  if (!item.made && tree.overwrite) item.hasSpecial = (yield* fs.list(item.to)).some(({ kind }) => kind === 'other')
  tree.into ??= yield* fs.stat(item.to)
  return entries
}

export const intoItself = (from: Path, to: Path): SystemError =>
  systemError('EINVAL', 'copy', 'a directory cannot be copied into itself', from, to)

function* makeTargetDirectory(item: Item, tree: Tree): Steps<true> {
  // A directory that is to be read-only must be filled first.
  const mode = Number((item.was as Stats).mode & 0o777n) | 0o700
  yield* underParents(item, tree, () => giving(tree.trial.publication, item.to, fs.mkdir(item.to, mode)))
  item.made = true
  return true
}

/** After an attempt that failed: is a directory there, or has the world moved? */
function* statTargetDirectory(item: Item, tree: Tree, error: SystemError): Steps<true | Again | undefined> {
  const { to, above } = item
  const there = yield* fs.lstat(to, orNothing)
  if (!there) return yield* statVanished(item, tree, error)
  if (there.isDirectory()) return true
  // Below the topmost directory no link is followed, because it could lead anywhere.
  if (above || !there.isSymbolicLink()) return undefined
  if ((yield* fs.stat(to, orNothing))?.isDirectory()) return true
  return sameInode(yield* fs.lstat(to, orNothing), there) ? undefined : again
}

/** Everything in the item is done: finishes it, and counts it. */
function* leave(node: Node, { keeps, durability, trial }: Tree): Steps<void> {
  if ('files' in node || 'starved' in node) return
  const { was, to, kind, made, copied, progress } = node
  if (kind === 'directory' && copied && was) {
    if (made && keeps.owner) yield* setPermissions(to, yield* fs.lstat(to), unchanged, was)
    else if (made) yield* keepMode(to, was)
    // Filling a directory changed its times. In one that another user owns they cannot be set, and that is no failure.
    if (keeps.times) yield* made ? keepTimes(to, was) : tidy(keepTimes(to, was))
    if (durability === 'full') yield* achieve(() => done(syncDir(to), true), noEvidence, trial)
  }
  // What was left out counts as done, too.
  if (progress) yield* progress.finish(kind === 'file' && copied && was ? Number(was.size) : 0)
}
