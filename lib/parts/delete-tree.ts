// Deletes a thing and everything in it. It never follows a link, never enters what is mounted there, and goes on when
// other processes delete inside meanwhile.

import { hasCode } from '../core/errors.js'
import { asConcurrency, asFunction } from '../core/input.js'
import { emptySum, type Reporting, reportDone } from '../core/progress.js'
import { atOnce, type Entry, fs, type Outcome, type Path, type Steps, together } from '../core/steps.js'
import { type Doomed, deleteAtOnce, orGone, unlocked } from './delete-entry.js'
import { childPath, visit } from './tree.js'

/** Counts the things that are gone, and those that must go as far as is known; what finds the topmost counts that. */
export interface DeleteJob extends Reporting {
  readonly concurrency: number
}

interface DeleteOptions {
  readonly concurrency?: number | undefined
  readonly onProgress?: DeleteJob['onProgress']
}

export const asDeleteJob = ({ concurrency, onProgress }: DeleteOptions, total = 0): DeleteJob => ({
  concurrency: asConcurrency(concurrency),
  onProgress: asFunction(onProgress, 'options.onProgress'),
  sum: emptySum(total),
})

/** A deletion whose progress is reported to no caller. */
export const silently = (concurrency = 64): DeleteJob => ({
  concurrency,
  onProgress: undefined,
  sum: emptySum(0),
})

interface Node extends Doomed {
  /** It is known to be a directory with something in it. */
  full: boolean
}

/** `known`: the path of `top` that the caller knows. */
type Tree = DeleteJob & { readonly top: Path; readonly known: Path }

/**
 * Throws ENOTEMPTY if another process goes on making things inside; it can be called again, for what is left. Reports
 * name what is deleted below `known`, because `path` may be a private name.
 */
export function* deleteTree(path: Path, kind: Entry['kind'], job: DeleteJob, known = path): Steps<void> {
  const { sum, concurrency } = job
  const tree: Tree = { ...job, top: path, known }
  const top: Node = { path, kind, dir: undefined, full: false }
  const before = sum.total - sum.done
  try {
    yield* visit(top, { enter: node => enter(node, tree), leave: node => leave(node, tree) }, concurrency)
  } catch (error) {
    // What was found and is not gone will be found again.
    sum.total = sum.done + before
    throw error
  }
}

/** Deletes what can be deleted at once; returns the directories, which must be entered. */
function* enter(node: Node, job: Tree): Steps<readonly Node[]> {
  const below = (yield* listFull(node)) ?? (yield* deleteOrList(node))
  job.sum.total += below.length
  const dirs = below.filter(({ kind }) => kind === 'directory')
  const files = dirs.length === below.length ? [] : below.filter(({ kind }) => kind !== 'directory')
  for (let at = 0; at < files.length; at += job.concurrency)
    dirs.push(...(yield* unlinkBatch(files.slice(at, at + job.concurrency), job)))
  return dirs
}

function* leave(node: Node, job: Tree): Steps<void> {
  if (node.full) yield* unlocked(node.dir, () => orGone(node.path, fs.rmdir(node.path)))
  yield* count([node], job)
}

function* count(gone: readonly Node[], job: Tree): Steps<void> {
  if (!job.onProgress) job.sum.done += gone.length
  else for (const { path } of gone) yield* reportDone(job, `${job.known}${String(path).slice(String(job.top).length)}`)
}

/** Most of a tree is files, so they are deleted in batches. Returns those that turned out to need more care. */
function* unlinkBatch(files: readonly Node[], job: Tree): Steps<readonly Node[]> {
  // An unlink is never interrupted, because it usually cleans up. Here it is the work: this call can be interrupted.
  yield* fs.now()
  const outcomes = yield* atOnce(files.map(({ path }) => ({ op: 'unlink', args: [path] })))
  const isGone = (_: Node, at: number) => 'value' in (outcomes[at] as Outcome<unknown>)
  yield* count(files.filter(isGone), job)
  return files.filter((node, at) => !isGone(node, at))
}

/**
 * Lists a directory in the usual case, in which it has something in it: one wave of calls shows that nothing is mounted
 * there (rmdir reports ENOTEMPTY), and what is in it. Returns undefined in any other case, which then takes more care.
 */
function* listFull(node: Node): Steps<readonly Node[] | undefined> {
  if (node.kind !== 'directory') return undefined
  const [removed, listed] = (yield* together<unknown>([fs.rmdir(node.path), fs.list(node.path)])) as [
    Outcome<void>,
    Outcome<Entry[]>,
  ]
  if (!('error' in removed)) return []
  node.full = hasCode(removed.error, 'ENOTEMPTY', 'EEXIST')
  return node.full && 'value' in listed ? nodesIn(node, listed.value) : undefined
}

/** With more care: deletes the thing, or lists what is in the directory. */
function* deleteOrList(node: Node): Steps<readonly Node[]> {
  if (yield* deleteAtOnce(node)) return []
  const { path } = node
  node.full = true
  return nodesIn(node, (yield* unlocked(path, () => orGone(path, fs.list(path)))) ?? [])
}

const nodesIn = ({ path }: Node, entries: readonly Entry[]): Node[] =>
  entries.map(entry => ({ path: childPath(path, entry), kind: entry.kind, dir: path, full: false }))
