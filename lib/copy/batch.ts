// Small files of one directory, of which nothing more is asked than that they are copied: in a few waves of calls.

import { isShortage } from '../core/errors.js'
import { atOnce, type Call, type Entry, fs, type Path, type Steps } from '../core/steps.js'
import { discardCalls } from '../parts/cleanup.js'
import { stageNames } from '../parts/stage-names.js'
import { mayBeReadOnly } from './entry.js'
import { Item } from './item.js'
import type { Copying, Tree } from './job.js'
import { findRivals } from './one-name.js'
import { firstBytes, givingBack, type Modes, preparing, publish, SmallCopy, type Wave } from './small-copy.js'

/** Files of a directory that are copied together. */
export interface Batch {
  readonly dir: Item
  readonly files: readonly Item[]
}

/** Memory that batches which have ended leave to the next ones: to get it anew takes as long as to read a small file. */
type Rooms = Buffer[]

/** What is in the directory: its files in batches, if nothing more is asked of them than that they are copied. */
export function* nodesIn(dir: Item, entries: readonly Entry[], tree: Tree): Steps<readonly (Item | Batch)[]> {
  tree.sum.total += entries.length
  const items = entries.map(entry => new Item(entry, dir))
  if (tree.special.length > 0) return items
  findRivals(items)
  if (isSimple(dir, tree)) {
    // Each file of a batch has its source and its copy open.
    const most = Math.floor((yield* fs.descriptors()) / 3)
    return inBatches(dir, items, Math.max(1, Math.min(tree.concurrency, most)))
  }
  // If one of them cannot be copied, the others need not be.
  const isSpecial = ({ kind }: Item) => kind === 'other'
  return [...items.filter(isSpecial), ...items.filter(item => !isSpecial(item))]
}

const isSimple = (dir: Item, { overwrite, filter, keeps, durability, onProgress }: Copying): boolean =>
  overwrite &&
  durability === 'none' &&
  !(filter || onProgress || keeps.times || keeps.owner || dir.hasSpecial || mayBeReadOnly(dir))

function inBatches(dir: Item, items: readonly Item[], size: number): readonly (Item | Batch)[] {
  const mayBatch = ({ kind, rivals }: Item) => kind === 'file' && !rivals
  const files = items.filter(mayBatch)
  const nodes: (Item | Batch)[] = items.filter(item => !mayBatch(item))
  for (let at = 0; at < files.length; at += size) nodes.push({ dir, files: files.slice(at, at + size) })
  return nodes
}

/** On a filesystem in memory, that many take about two milliseconds. */
const mostInOneGo = 32

const pathsOf = (files: readonly Item[]): Path[] => [...files.map(({ from }) => from), ...files.map(({ to }) => to)]

/**
 * Copies the files. Returns those that failed, or that need care: large ones, those with set-ID bits, those that say
 * more or less than they hold, and those that are gone or no longer files.
 */
export function* copyBatch(files: readonly Item[], job: Copying, rooms: Rooms): Steps<readonly Item[]> {
  const left: Item[] = []
  for (let todo = files; todo.length > 0; ) {
    const { concurrency } = job
    const few = todo.slice(0, Math.min(concurrency, mostInOneGo))
    const gone = yield* fs.inOneGo(pathsOf(few), () => copyTogether(few, rooms, job))
    const some = gone ? few : todo.slice(0, concurrency)
    const failed = gone ? (gone.value as readonly SmallCopy[]) : yield* copyTogether(some, rooms, job)
    // For these no descriptor was free. None is held now, and fewer files at a time need fewer.
    const starved = concurrency > 1 ? failed.filter(({ isStarved }) => isStarved) : []
    if (starved.length > 0) job.concurrency = Math.min(job.concurrency, concurrency >> 1)
    left.push(...failed.filter(copy => !starved.includes(copy)).map(({ item }) => item))
    todo = [...starved.map(({ item }) => item), ...todo.slice(some.length)]
  }
  return left
}

/** Returns the copies that are not done. */
function* copyTogether(files: readonly Item[], rooms: Rooms, { trial }: Copying): Steps<readonly SmallCopy[]> {
  const stages = yield* stageNames(files.map(({ to }) => to))
  const modes: Modes = new Map()
  const bytes = files.length * firstBytes
  const last = rooms.pop()
  const room = last && last.length >= bytes ? last : Buffer.allocUnsafe(bytes)
  const roomOf = (at: number) => room.subarray(at * firstBytes, (at + 1) * firstBytes)
  const copies = files.map((item, at) => new SmallCopy(item, stages[at] as Path, modes, roomOf(at)))
  try {
    for (const wave of preparing) yield* makeWave(copies, wave)
    yield* giveNames(copies, trial)
  } finally {
    const left = copies.flatMap(givingBack)
    if (left.length > 0) yield* discardCalls(left)
    rooms.push(room)
  }
  return copies.filter(({ isDone }) => !isDone)
}

/** What this fails to give is tried again by itself, and then it is judged. */
function* giveNames(copies: readonly SmallCopy[], { publication }: Copying['trial']): Steps<void> {
  publication?.begin()
  try {
    yield* makeWave(copies, publish)
  } finally {
    publication?.end(copies.some(({ isDone }) => isDone))
  }
}

/** Written with loops, because most of the time that a small file takes in this thread is spent here. */
function* makeWave(copies: readonly SmallCopy[], wave: Wave): Steps<void> {
  const going: SmallCopy[] = []
  const all: Call[] = []
  const ends: number[] = []
  for (const copy of copies) {
    if (!copy.isGoing) continue
    going.push(copy)
    for (const call of wave.calls(copy)) all.push(call)
    ends.push(all.length)
  }
  if (all.length === 0) return
  const outcomes = yield* atOnce(all)
  let at = 0
  for (const [nth, copy] of going.entries()) {
    const own = outcomes.slice(at, ends[nth])
    at = ends[nth] as number
    copy.isGoing = wave.take(copy, own)
    if (!copy.isGoing) copy.isStarved = own.some(outcome => 'error' in outcome && isShortage(outcome.error))
  }
}
