// The work of `copy`, and of `move` to another device: everything below a path, each file made ready at a private name
// beside its own, and published at once.

import { achieve, type Trial } from './core/achieve.js'
import { claim } from './core/claim.js'
import { lookAt } from './core/compare.js'
import type { Stats } from './core/disk.js'
import { duplicate, type Keeps, keepTimes } from './core/duplicate.js'
import { syncDir, whileSynced } from './core/durable.js'
import { isSystemError, systemError } from './core/errors.js'
import type { Durability, Progress } from './core/input.js'
import { asBefore, giveRights } from './core/rights.js'
import { type Staged, staged } from './core/stage.js'
import { type Entry, fs, type Outcome, orNothing, type Path, type Steps, together } from './core/steps.js'
import { visit, within } from './core/tree.js'
import { withParents } from './mkdirp.js'

/** A call under way. */
export interface Copying {
  readonly overwrite: boolean
  readonly errorOnExist: boolean
  readonly filter: ((source: string, target: string) => boolean | PromiseLike<boolean>) | undefined
  readonly dereference: boolean
  readonly keeps: Keeps
  readonly concurrency: number
  readonly durability: Durability
  readonly parents: boolean
  readonly onProgress: ((progress: Progress) => unknown) | undefined
  readonly sum: { done: number; total: number; bytes: number }
  readonly trial: Trial
}

/** One thing that is copied. */
interface Item {
  readonly from: Path
  readonly to: Path
  readonly above: Item | undefined
  /** What it is; for a file it is asked only if somebody wants to know. */
  was: Stats | undefined
  kind: Entry['kind']
  /** This call made the directory, so that it finishes it, too. */
  made: boolean
  /** The filter did not want it. */
  left: boolean
}

/** Copies what is at `from`, and everything below it. */
export function* copyTree(from: string, to: string, was: Stats, job: Copying): Steps<void> {
  const root: Item = { from, to, above: undefined, was, kind: kindOf(was), made: false, left: false }
  const enter = (item: Item) => begin(item, job)
  const leave = (item: Item) => finish(item, job)
  yield* visit(root, { enter, leave }, job.concurrency)
}

/** Only above the topmost there may be directories to make. */
const rooted = <T>({ from, to, above }: Item, { parents }: Copying, steps: () => Steps<T>): Steps<T> =>
  above ? steps() : withParents(to as string, parents, steps, from as string)

const kindOf = (stats: Stats): Entry['kind'] =>
  stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? 'link' : 'other'

function* begin(item: Item, job: Copying): Steps<readonly Item[]> {
  const { filter, sum } = job
  if (filter && !(yield* fs.settle(filter(String(item.from), String(item.to))))) {
    item.left = true
    return []
  }
  if (job.dereference && item.kind === 'link') yield* follow(item)
  if (item.kind !== 'directory') {
    yield* copyOne(item, job)
    return []
  }
  const entries = yield* enterDirectory(item, job)
  sum.total += entries.length
  return entries.map(entry => ({
    from: within(item.from, entry),
    to: within(item.to, entry),
    above: item,
    was: undefined,
    kind: entry.kind,
    made: false,
    left: false,
  }))
}

/** Links may lead in a circle. */
function* follow(item: Item): Steps<void> {
  item.was = yield* fs.stat(item.from)
  item.kind = kindOf(item.was)
  for (let above = item.above; above; above = above.above)
    if (above.was?.ino === item.was.ino && above.was.dev === item.was.dev)
      throw systemError('ELOOP', 'copy', 'a link leads to a directory that it is in', item.from)
}

/** Makes the directory, and answers what is in its source. */
function* enterDirectory(item: Item, job: Copying): Steps<readonly Entry[]> {
  // At once, because neither needs the other.
  const [seen, listed] = yield* together<unknown>([fs.stat(item.from), fs.list(item.from)])
  item.was = answer(seen as Outcome<Stats>)
  const entries = answer(listed as Outcome<Entry[]>)
  try {
    // What shall be read-only must be filled first.
    const mode = Number(item.was.mode & 0o777n) | 0o700
    yield* rooted(item, job, () => fs.mkdir(item.to, mode))
    item.made = true
  } catch (error) {
    // Below the root nothing is followed: a link there could lead anywhere.
    const look = item.above ? fs.lstat : fs.stat
    if (!isSystemError(error) || !(yield* look(item.to, orNothing))?.isDirectory()) throw error
  }
  return entries
}

function answer<T>(outcome: Outcome<T>): T {
  if ('error' in outcome) throw outcome.error
  return outcome.value
}

function* copyOne(item: Item, job: Copying): Steps<void> {
  const { from, to } = item
  if (!job.overwrite && (yield* fs.lstat(to, orNothing))) return refuse(item, job)
  // Only who wants to know the size, or keeps times, pays for a look.
  if (!item.was && (item.kind !== 'file' || job.onProgress || job.keeps.times || job.keeps.owner))
    item.was = yield* fs.lstat(from)
  const mine = yield* achieve(
    () => rooted(item, job, () => copyAside(item, job)),
    () => isCopied(item, job),
    job.trial,
  )
  if (!mine) refuse(item, job)
}

/** Something is there, and stays. */
function refuse({ from, to }: Item, { errorOnExist }: Copying): void {
  if (errorOnExist) throw systemError('EEXIST', 'copy', 'the target is there', from, to)
}

const copyAside = (item: Item, job: Copying): Steps<boolean> =>
  staged(
    item.to,
    path => makeReady(item, path, job),
    stage => publish(stage, item, job),
  )

function* makeReady({ from, was }: Item, path: Path, { keeps }: Copying): Steps<void> {
  if (was) yield* duplicate(from, path, was, keeps)
  else yield* fs.copyFile(from, path)
}

function* publish(stage: Staged<void, Path>, item: Item, job: Copying): Steps<boolean> {
  return yield* job.durability === 'none' || item.kind !== 'file'
    ? putThere(stage, item, job)
    : whileSynced(stage.path, () => putThere(stage, item, job))
}

function* putThere(stage: Staged<void, Path>, { to }: Item, { overwrite, trial }: Copying): Steps<boolean> {
  if (!overwrite) return yield* claim(stage.path, to, trial)
  yield* fs.rename(stage.path, to)
  stage.spent = true
  return true
}

/** Looks after an attempt that failed: the very same may be there, by us or by another who copies it. */
function* isCopied({ from, to }: Item, { overwrite }: Copying): Steps<boolean | undefined> {
  const seen = yield* lookAt(from, to, true)
  if (seen === 'alike' || seen === 'one') return true
  return overwrite || seen === 'nothing' ? undefined : false
}

/** All that is in it is done. */
function* finish(item: Item, job: Copying): Steps<void> {
  if (item.left) return
  const { sum, keeps, durability, onProgress } = job
  const { was, to } = item
  if (item.kind === 'directory' && was) {
    if (item.made && keeps.owner) yield* giveRights(to, yield* fs.lstat(to), asBefore, was)
    else if (item.made) yield* fs.chmod(to, Number(was.mode & 0o7777n))
    if (item.made && keeps.times) yield* keepTimes(to, was)
    if (durability === 'full') yield* syncDir(to)
  }
  sum.done++
  if (item.kind === 'file' && was) sum.bytes += Number(was.size)
  if (onProgress) yield* fs.settle(onProgress({ ...sum }))
}
