// A directory and its copy. Both are open while what is in them is copied, and each is opened in the one above: a process
// that puts a link in the place of either, at any moment, leads nowhere. They are closed while those below are copied.

import { hasCode, type SystemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { type Entry, fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { type Again, achieve, again, done, noEvidence, type Trial } from '../parts/achieve.js'
import { tidy } from '../parts/cleanup.js'
import { openAbove } from '../parts/directory-above.js'
import {
  assertUnmoved,
  close,
  movedError,
  type OpenDirectory,
  openDirectory,
  openFollowing,
  openThrough,
  pathIn,
  pathTo,
  putAway,
  statAndList,
} from '../parts/directory-handle.js'
import { keepMode, keepTimes } from '../parts/duplicate.js'
import { syncDir } from '../parts/durable.js'
import { sameInode } from '../parts/identity.js'
import { isMade } from '../parts/made-directory.js'
import { setPermissions, unchanged } from '../parts/permissions.js'
import { giving } from '../parts/publish.js'
import { openIn, reachFrom, type Step } from '../parts/reach.js'
import { dirOf } from '../parts/tree.js'
import { mayBeReadOnly, statVanished, underParents } from './entry.js'
import type { Item } from './item.js'
import type { Copying, Tree } from './job.js'
import { withoutStages } from './live-names.js'
import { intoItself, refuseCircle } from './refusals.js'

/** Opens the directory and its copy, which is made if it is missing. Returns what is in the directory. */
export function* enterDirectory(item: Item, tree: Tree, trial: Trial): Steps<readonly Entry[]> {
  const { above, follows } = item
  const source = yield* opening(follows ? openThrough : openDirectory, item.from, item.shownFrom, trial, above?.source)
  item.source = source
  const [was, listed] = yield* achieve(() => statAndList(source), noEvidence, trial)
  item.was = source.was = was
  if (follows) refuseCircle(item)
  const entries = yield* withoutStages(listed)
  // What is left is only looked through for special files, so that the error can name all.
  if (tree.special.length > 0) return entries
  if (!above && tree.expected && !sameInode(was, tree.expected)) throw movedError(item.shownFrom)
  // Whatever way led here, this is the copy itself, and copying it would never end.
  if (sameInode(was, tree.into) || sameInode(was, tree.barred)) throw intoItself(item.shownFrom, item.shownTo)
  yield* achieve(
    () => makeTarget(item, tree),
    error => statTarget(item, tree, error),
    tree.trial,
  )
  yield* openTarget(item, tree, trial)
  return entries
}

/** `like` says whether names are looked up by descriptors. */
type Opener = (path: Path, shown: Path, like?: OpenDirectory) => Steps<OpenDirectory>

function* opening(open: Opener, path: Path, shown: Path, trial: Trial, like?: OpenDirectory): Steps<OpenDirectory> {
  try {
    // For a descriptor it waits here, because the driver does not let calls wait that hold some.
    return yield* achieve(() => open(path, shown, like), noEvidence, trial)
  } catch (error) {
    // Something that is no directory has taken its place.
    if (hasCode(error, 'ENOTDIR', 'ELOOP')) throw movedError(shown)
    throw error
  }
}

function* makeTarget(item: Item, tree: Tree): Steps<true> {
  // A directory that is to be read-only must be filled first.
  const mode = Number((item.was?.mode ?? 0n) & 0o777n) | 0o700
  yield* underParents(item, tree, () => giving(tree.trial.publication, item.to, fs.mkdir(item.to, mode)))
  item.made = true
  return true
}

/** After an attempt that failed: is a directory there, or has the world moved? */
function* statTarget(item: Item, tree: Tree, error: SystemError): Steps<true | Again | undefined> {
  const { to, above } = item
  const there = yield* fs.lstat(to, orNothing)
  if (!there) return yield* statVanished(item, tree, error)
  if (there.isDirectory()) return true
  // Below the topmost directory no link is followed, because it could lead anywhere.
  if (above || !there.isSymbolicLink()) return undefined
  if ((yield* fs.stat(to, orNothing))?.isDirectory()) return true
  return sameInode(yield* fs.lstat(to, orNothing), there) ? undefined : again
}

/** The topmost target may be a link to a directory, if this call has not made it. */
function* openTarget(item: Item, tree: Tree, trial: Trial): Steps<void> {
  const { above, made, source } = item
  const like = above?.target ?? source
  const open = above || made ? openDirectory : () => openFollowing(item.to as string, like)
  const target = yield* opening(open, item.to, item.shownTo, trial, like)
  item.target = target
  item.copied = true
  if (made || !tree.overwrite) target.was ??= yield* fs.fstat(target.fd as number)
  else {
    const [was, there] = yield* achieve(() => statAndList(target), noEvidence, trial)
    target.was = was
    item.hasSpecial = there.some(({ kind }) => kind === 'other')
  }
  const isOurs = made || (!above && tree.made !== undefined)
  if (isOurs && !(yield* isMade(target.was as Stats, dirOf(item.to)))) throw movedError(item.shownTo)
  if (above) return
  if (tree.made) tree.made.was = target.was
  tree.into = target.was
  tree.isHeld = target.fd !== undefined
}

/** Opens, if need be, the directory above that surely lets names be removed again: files are made ready there. */
export function* openBeside(dir: Item): Steps<void> {
  if (!dir.target || !mayBeReadOnly(dir)) return
  let outer = dir
  let levels = 1
  for (; outer.above && mayBeReadOnly(outer.above); outer = outer.above) levels++
  const above = outer.above?.target
  if (above) dir.stages = yield* openAbove(dir.target, above, levels)
  dir.beside = dir.stages ? pathIn(dir.stages, outer.entry) : outer.to
}

export const openNow = ({ source, target, stages }: Item): readonly OpenDirectory[] =>
  [source, target, stages].filter(dir => dir !== undefined)

/** Closes the directory and its copy, so that both can be found again. */
export function* putBothAway(dir: Item): Steps<void> {
  for (const one of openNow(dir)) yield* putAway(one)
}

export function* closeBoth(dir: Item): Steps<void> {
  for (const one of openNow(dir)) yield* close(one)
}

/** Everything in the directory is done. */
export function* finishDirectory(item: Item, { keeps, durability, trial }: Copying): Steps<void> {
  const { was, made, target } = item
  if (!was || !target?.was) return
  yield* assertUnmoved(target)
  const path = pathTo(target)
  if (made && keeps.owner) yield* setPermissions(path, target.was, unchanged, was)
  else if (made) yield* keepMode(path, target.was, was)
  // Filling a directory changed its times. In one that another user owns they cannot be set, and that is no failure.
  if (keeps.times) yield* made ? keepTimes(path, was) : tidy(keepTimes(path, was))
  if (durability === 'full') yield* achieve(() => done(syncDir(path), true), noEvidence, trial)
}

/** Opens a directory once more, and its copy, in the one above. */
export function* reopenBoth(item: Item, tree: Tree): Steps<void> {
  for (const side of ['source', 'target'] as const) {
    const was = item[side]
    if (!was || was.fd !== undefined || !tree.isHeld) continue
    const above = item.above?.[side]
    if (!above) item[side] = yield* reachAgain(item, side, tree)
    else item[side] = yield* theSame(yield* openIn(above, stepTo(item, side)), was)
  }
}

/** The same, from the topmost one. Throws EAGAIN if it is no longer where it was. */
export function* reachAgain(item: Item, side: Side, { top, isHeld }: Tree): Steps<OpenDirectory> {
  const way: Step[] = []
  for (let at = item; at.above; at = at.above) way.push(stepTo(at, side))
  const dir = yield* reachFrom({ top: top[side] as OpenDirectory, isHeld }, way.reverse())
  return yield* theSame(dir, item[side])
}

export type Side = 'source' | 'target'

const stepTo = ({ entry, follows }: Item, side: Side): Step => ({ entry, follows: side === 'source' && follows })

function* theSame(dir: OpenDirectory, was: OpenDirectory | undefined): Steps<OpenDirectory> {
  dir.was = dir.fd === undefined ? dir.was : yield* fs.fstat(dir.fd)
  if (sameInode(dir.was, was?.was)) return dir
  yield* close(dir)
  throw movedError(dir.shown)
}
