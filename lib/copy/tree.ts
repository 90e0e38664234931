// The work of `copy`, and of `move` to another device: a thing, and everything below it.

import { type SystemError, systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import {
  atOnce,
  type Entry,
  fs,
  type Outcome,
  orNothing,
  type Path,
  type Steps,
  together,
  unwrap,
} from '../core/steps.js'
import { type Again, achieve, again } from '../parts/achieve.js'
import { tidy } from '../parts/cleanup.js'
import { keepTimes } from '../parts/duplicate.js'
import { syncDir } from '../parts/durable.js'
import { sameInode } from '../parts/identity.js'
import { setPermissions, unchanged } from '../parts/permissions.js'
import { stageNames } from '../parts/stage-names.js'
import { childPath, visit } from '../parts/tree.js'
import { copyEntry, mayBeReadOnly, statVanished, underParents } from './entry.js'
import type { Copying, Item } from './job.js'

interface Tree extends Copying {
  /** The directory that all goes to. */
  into: Stats | undefined
}

/** Files of one directory, which are copied without more ado. */
interface Batch {
  readonly files: readonly Item[]
}

/** Copies what is at `from`, and everything below it. */
export function* copyTree(from: string, to: string, was: Stats, job: Copying): Steps<void> {
  const root: Item = { from, to, above: undefined, was, kind: kindOf(was), made: false, copied: false }
  const tree: Tree = { ...job, into: undefined }
  const visitor = {
    enter: (node: Item | Batch) => ('files' in node ? copyBatch(node) : enter(node, tree)),
    leave: (node: Item | Batch) => leave(node, tree),
  }
  yield* visit(root, visitor, job.concurrency)
}

const kindOf = (stats: Stats): Entry['kind'] =>
  stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? 'link' : 'other'

function* enter(item: Item, tree: Tree): Steps<readonly (Item | Batch)[]> {
  const { from, to } = item
  const { filter, sum } = tree
  if (filter && !(yield* fs.settle(filter(String(from), String(to))))) return []
  if (tree.dereference && item.kind === 'link') yield* follow(item)
  if (item.kind === 'other')
    throw systemError('EINVAL', 'copy', 'neither a file, a directory nor a link, and cannot be copied', from, to)
  if (item.kind !== 'directory') {
    yield* copyEntry(item, tree)
    return []
  }
  const entries = yield* enterDirectory(item, tree)
  sum.total += entries.length
  const below = entries.map(entry => ({
    ...{ from: childPath(from, entry), to: childPath(to, entry), above: item, kind: entry.kind },
    ...{ was: undefined, made: false, copied: false },
  }))
  return isSimple(item, tree) ? inBatches(below, tree.concurrency) : below
}

/** Links may lead in a circle. */
function* follow(item: Item): Steps<void> {
  item.was = yield* fs.stat(item.from)
  item.kind = kindOf(item.was)
  for (let { above } = item; above; above = above.above)
    if (sameInode(above.was, item.was))
      throw systemError('ELOOP', 'copy', 'a link leads to a directory that it is in', item.from)
}

/** Makes the directory, and answers what is in its source. */
function* enterDirectory(item: Item, tree: Tree): Steps<readonly Entry[]> {
  // At once, because neither needs the other.
  const [seen, listed] = yield* together<unknown>([fs.stat(item.from), fs.list(item.from)])
  item.was = unwrap(seen as Outcome<Stats>)
  const entries = unwrap(listed as Outcome<Entry[]>)
  // By whatever way we came here: what would be copied is the copy, and there would be no end to it.
  if (sameInode(item.was, tree.into) || sameInode(item.was, tree.barred)) throw intoItself(item.from, item.to)
  yield* achieve(
    () => makeDirectory(item, tree),
    error => statMade(item, tree, error),
    tree.trial,
  )
  item.copied = true
  tree.into ??= yield* fs.stat(item.to)
  return entries
}

export const intoItself = (from: Path, to: Path): SystemError =>
  systemError('EINVAL', 'copy', 'a directory cannot be copied into itself', from, to)

function* makeDirectory(item: Item, tree: Tree): Steps<true> {
  // What shall be read-only must be filled first.
  const mode = Number((item.was as Stats).mode & 0o777n) | 0o700
  yield* underParents(item, tree, () => fs.mkdir(item.to, mode))
  item.made = true
  return true
}

/** Looks after an attempt that failed. */
function* statMade(item: Item, tree: Tree, error: SystemError): Steps<true | Again | undefined> {
  const { to, above } = item
  const there = yield* fs.lstat(to, orNothing)
  if (!there) return yield* statVanished(item, tree, error)
  if (there.isDirectory()) return true
  // Below the topmost no link is followed: there it could lead anywhere.
  if (above || !there.isSymbolicLink()) return undefined
  if ((yield* fs.stat(to, orNothing))?.isDirectory()) return true
  return sameInode(yield* fs.lstat(to, orNothing), there) ? undefined : again
}

/** Nobody asks more of each file than that it is copied. */
const isSimple = (dir: Item, { overwrite, filter, keeps, durability, onProgress }: Tree): boolean =>
  overwrite && durability === 'none' && !(filter || onProgress || keeps.times || keeps.owner || mayBeReadOnly(dir))

function inBatches(items: readonly Item[], size: number): readonly (Item | Batch)[] {
  const files = items.filter(({ kind }) => kind === 'file')
  const nodes: (Item | Batch)[] = items.filter(({ kind }) => kind !== 'file')
  for (let at = 0; at < files.length; at += size) nodes.push({ files: files.slice(at, at + size) })
  return nodes
}

/** Each file in three calls, and all of them at once. Answers those with which that failed, or that take more care. */
function* copyBatch({ files: all }: Batch): Steps<readonly Item[]> {
  const careful = yield* findPrivileged(all)
  const files = careful.length > 0 ? all.filter(item => !careful.includes(item)) : all
  const stages = yield* stageNames(files.map(({ to }) => to))
  const left = new Set(files.keys())
  const failed = (outcome: Outcome<unknown> | undefined) => !outcome || 'error' in outcome
  try {
    const copies = yield* atOnce(files.map(({ from }, at) => ({ op: 'copyFile', args: [from, stages[at]] })))
    const ready = [...left].filter(at => !failed(copies[at]))
    const renames = yield* atOnce(ready.map(at => ({ op: 'rename', args: [stages[at], files[at]?.to] })))
    for (const [nth, at] of ready.entries()) if (!failed(renames[nth])) left.delete(at)
  } finally {
    if (left.size > 0) yield* together([...left].map(at => fs.unlink(stages[at] as Path)))
  }
  return [...careful, ...files.filter((_, at) => left.has(at))]
}

/** Those that would run as somebody else (set-user-ID, or the like): a plain copy would run as we. */
function* findPrivileged(files: readonly Item[]): Steps<readonly Item[]> {
  const looks = yield* atOnce(files.map(({ from }) => ({ op: 'lstat', args: [from] })))
  for (const [at, item] of files.entries()) {
    const look = looks[at] as Outcome<Stats>
    if ('value' in look) item.was = look.value
  }
  return files.filter(({ was }) => !was?.isFile() || (was.mode & 0o6000n) !== 0n)
}

/** All that is in it is done. */
function* leave(node: Item | Batch, { sum, keeps, durability, onProgress }: Copying): Steps<void> {
  if ('files' in node) return
  const { was, to, kind, made, copied } = node
  if (kind === 'directory' && copied && was) {
    if (made && keeps.owner) yield* setPermissions(to, yield* fs.lstat(to), unchanged, was)
    else if (made) yield* fs.chmod(to, Number(was.mode & 0o7777n))
    // What we put into a directory of others has changed its times, too; if it is theirs indeed, they stay so.
    if (keeps.times) yield* made ? keepTimes(to, was) : tidy(keepTimes(to, was))
    if (durability === 'full') yield* syncDir(to)
  }
  // What is left out is done with.
  sum.done++
  if (kind === 'file' && copied && was) sum.bytes += Number(was.size)
  if (onProgress) yield* fs.settle(onProgress({ ...sum }))
}
