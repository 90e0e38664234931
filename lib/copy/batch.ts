// Files of one directory, of which nothing more is asked than that they are copied: in a few waves of calls.

import type { Stats } from '../core/stats.js'
import { atOnce, fs, type Outcome, type Path, type Steps, together } from '../core/steps.js'
import { stageNames } from '../parts/stage-names.js'
import { mayBeReadOnly } from './entry.js'
import type { Copying, Item } from './job.js'

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

/** Copies the files in three waves of calls (lstat, copyFile, rename). Returns those that failed, or that need care. */
export function* copyBatch({ files: all }: Batch): Steps<readonly Item[]> {
  const careful = yield* findNeedingCare(all)
  const files = careful.length > 0 ? all.filter(item => !careful.includes(item)) : all
  const stages = yield* stageNames(files.map(({ to }) => to))
  const left = new Set(files.keys())
  const hasFailed = (outcome: Outcome<unknown> | undefined) => !outcome || 'error' in outcome
  try {
    const copies = yield* atOnce(files.map(({ from }, at) => ({ op: 'copyFile', args: [from, stages[at]] })))
    const ready = [...left].filter(at => !hasFailed(copies[at]))
    const renames = yield* atOnce(ready.map(at => ({ op: 'rename', args: [stages[at], files[at]?.to] })))
    for (const [nth, at] of ready.entries()) if (!hasFailed(renames[nth])) left.delete(at)
  } finally {
    if (left.size > 0) yield* together([...left].map(at => fs.unlink(stages[at] as Path)))
  }
  return [...careful, ...files.filter((_, at) => left.has(at))]
}

/**
 * Returns the files that need care: those with set-ID bits, of which a plain copy would run as the caller, and those
 * that are gone or no longer files.
 */
function* findNeedingCare(files: readonly Item[]): Steps<readonly Item[]> {
  const outcomes = yield* atOnce(files.map(({ from }) => ({ op: 'lstat', args: [from] })))
  for (const [at, item] of files.entries()) {
    const outcome = outcomes[at] as Outcome<Stats>
    if ('value' in outcome) item.was = outcome.value
  }
  return files.filter(({ was }) => !was?.isFile() || (was.mode & 0o6000n) !== 0n)
}
