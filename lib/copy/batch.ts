// Small files of one directory, of which nothing more is asked than that they are copied: in a few waves of calls.

import { hasCode } from '../core/errors.js'
import { atOnce, type Call, type Path, type Steps } from '../core/steps.js'
import { stageNames } from '../parts/stage-names.js'
import { mayBeReadOnly } from './entry.js'
import type { Copying, Item } from './job.js'
import { givingBack, newCopy, type SmallCopy, type Wave, waves } from './small-copy.js'

/** Files that are copied together. */
export interface Batch {
  readonly files: readonly Item[]
}

/** True if nothing more is asked of the files in the directory than that they are copied. */
export const isSimple = (dir: Item, { overwrite, filter, keeps, durability, onProgress }: Copying): boolean =>
  overwrite && durability === 'none' && !(filter || onProgress || keeps.times || keeps.owner || mayBeReadOnly(dir))

export function inBatches(items: readonly Item[], size: number): readonly (Item | Batch)[] {
  const files = items.filter(({ kind }) => kind === 'file')
  const nodes: (Item | Batch)[] = items.filter(({ kind }) => kind !== 'file')
  for (let at = 0; at < files.length; at += size) nodes.push({ files: files.slice(at, at + size) })
  return nodes
}

/**
 * Copies the files. Returns those that failed, or that need care: large ones, those with set-ID bits, those that say
 * more or less than they hold, and those that are gone or no longer files.
 */
export function* copyBatch({ files }: Batch): Steps<readonly Item[]> {
  const stages = yield* stageNames(files.map(({ to }) => to))
  const copies = files.map((item, at) => newCopy(item, stages[at] as Path))
  try {
    for (const wave of waves) yield* makeWave(copies, wave)
  } finally {
    const last = copies.flatMap(givingBack)
    if (last.length > 0) yield* atOnce(last)
  }
  const left = copies.filter(({ isDone }) => !isDone)
  const items = left.map(({ item }) => item)
  if (items.length === 1 || !left.some(({ isStarved }) => isStarved)) return items
  // Too few descriptors are free for so many files at once. None of them is held now.
  const half = items.length >> 1
  return [...(yield* copyBatch({ files: items.slice(0, half) })), ...(yield* copyBatch({ files: items.slice(half) }))]
}

function* makeWave(copies: readonly SmallCopy[], { calls, take }: Wave): Steps<void> {
  const going = copies.filter(({ isGoing }) => isGoing)
  const own = going.map(calls)
  const outcomes = yield* atOnce(own.flat())
  let at = 0
  for (const [nth, copy] of going.entries()) {
    const end = at + (own[nth] as readonly Call[]).length
    const ended = outcomes.slice(at, end)
    at = end
    copy.isGoing = take(copy, ended)
    copy.isStarved = ended.some(outcome => 'error' in outcome && hasCode(outcome.error, 'EMFILE', 'ENFILE'))
  }
}
