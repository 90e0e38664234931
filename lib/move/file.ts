// Moves a file or a link. With `overwrite` that is a rename. Without it, it is a hard link, which replaces nothing;
// then the source's name is taken away, and of several callers the one that takes it has moved the file.

import { basename, dirname } from 'node:path'
import { cannotLink, hasCode, isFinal, type SystemError, systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, type Steps } from '../core/steps.js'
import { asEmplacing, emplaceSource } from '../emplace/place.js'
import { achieve, done } from '../parts/achieve.js'
import { linkExclusive } from '../parts/claim.js'
import { cleaningUp, discard, uninterruptible } from '../parts/cleanup.js'
import { syncBeforeLoss, syncFile } from '../parts/durable.js'
import { isInode } from '../parts/identity.js'
import { statVanishedParent, withParents } from '../parts/parents.js'
import { isSameName, respell } from '../parts/spelling.js'
import { type Staged, staged } from '../parts/stage.js'
import { ownerOf } from '../parts/stage-names.js'
import { takeName, takeNameAside } from '../parts/take-name.js'
import { childPath } from '../parts/tree.js'
import { removeDeadClaim } from './dead-claim.js'
import type { Moving } from './job.js'
import { placeAtTarget } from './place.js'

export function* moveFile(job: Moving, was: Stats): Steps<boolean> {
  if (job.overwrite) return yield* emplaceFile(job)
  do if (yield* moveIfAbsent(job, was)) return true
  while (yield* removeDeadClaim(job))
  return false
}

function* moveIfAbsent(job: Moving, was: Stats): Steps<boolean> {
  try {
    // It need not stay open: the first link that is made keeps the inode's number.
    if (job.durability !== 'none' && was.isFile()) yield* syncFile(job.from)
    return yield* linkIfAbsent(job, was)
  } catch (error) {
    // Something that is not a file has the name.
    if (isTaken(error)) return false
    // Nothing can be linked: `emplace` makes a copy on another device, and throws ERR_NO_HARD_LINKS on the same one.
    if (!cannotLink(error)) throw error
  }
  try {
    return yield* emplaceFile(job)
  } catch (error) {
    // An error of `onProgress` may look like one of these.
    if (isFinal(error)) throw error
    if (isTaken(error)) return false
    if (!cannotLink(error)) throw error
  }
  // Others can be linked here, and this one cannot: it is another user's, it is immutable, or it has too many names.
  return yield* placeAtTarget(job, job.from, was)
}

const isTaken = (error: unknown): boolean => hasCode(error, 'EEXIST') && (error as SystemError).syscall === 'link'

/** What `full` asks for besides, the caller does for every kind of thing. */
function* emplaceFile({ from, to, overwrite, parents, durability, deletion: progress, trial }: Moving): Steps<boolean> {
  const synced = durability === 'none' ? 'none' : 'file'
  const was = yield* fs.lstat(from)
  const job = { from, to, was, ifAbsent: !overwrite, parents, durability: synced, trial, progress, once: true } as const
  return yield* emplaceSource(asEmplacing(job))
}

function* linkIfAbsent(job: Moving, was: Stats): Steps<boolean> {
  const { from, to, parents, trial } = job
  const link = () =>
    staged(
      to,
      mark => done<Taken>(fs.link(from, mark), {}),
      stage => linkAndTake(stage, job, was),
      ({ aside }) => (aside === undefined ? [] : [fs.unlink(aside)]),
    )
  return yield* achieve(
    () => withParents(to, parents, link, from),
    error => statVanishedParent(parents, error, from),
    trial,
  )
}

/** Where the source went when it was taken. */
interface Taken {
  aside?: string | undefined
}

/** `mark` is a private name of the source beside the target: while it exists, a call is moving the source there. */
function* linkAndTake({ path: mark, made }: Staged<Taken>, job: Moving, was: Stats): Steps<boolean> {
  const { from, to, trial } = job
  const linked = yield* linkExclusive(mark, to, trial)
  trial.publication?.decide(linked !== 'another')
  if (linked === 'another') return false
  if (linked === 'already') {
    if (yield* isSameName(from, to)) {
      yield* respell(from, to)
      return true
    }
    // The call that linked it will remove that link if this call is the first to take the source.
    if (yield* isUnderWay(mark, to)) {
      trial.publication?.decide(false)
      throw systemError('EAGAIN', 'link', 'another call, which is not known to be dead, is moving it there', from, to)
    }
  }
  // Only a call that is certain to have made the link may remove it again.
  const sure = linked === 'linked'
  try {
    yield* syncBeforeLoss(from, to, job.durability, job.parents)
    made.aside = yield* takeNameAside(from, was, trial)
  } catch (error) {
    if (sure) yield* cleaningUp(() => discard(() => unlinkTargetIfSourceRemains(mark, job, was)))
    throw error
  }
  if (made.aside !== undefined) return true
  if (sure) yield* uninterruptible(() => discard(() => unlinkTarget(mark, job)))
  throw systemError('ENOENT', 'rename', 'another call has moved or replaced it meanwhile', from, to)
}

/** If the source's name is gone after all, the target's name may be the only one left. */
function* unlinkTargetIfSourceRemains(mark: string, job: Moving, was: Stats): Steps<void> {
  if (yield* isInode(job.from, was)) yield* unlinkTarget(mark, job)
}

/** The mark shows which inode was linked: the source's name may have come to another inode before that. */
function* unlinkTarget(mark: string, { to, trial }: Moving): Steps<void> {
  if (yield* takeName(to, yield* fs.lstat(mark), trial)) trial.publication?.decide(false)
}

/** Does another mark for the same inode exist beside the target, of a process that is not known to be dead? */
function* isUnderWay(mark: string, to: string): Steps<boolean> {
  const dir = dirname(to)
  const was = yield* fs.lstat(mark)
  for (const entry of yield* fs.list(dir)) {
    const owner = ownerOf(entry.name)
    if (owner === undefined || entry.name === basename(mark)) continue
    if ((yield* isInode(childPath(dir, entry), was)) && (yield* fs.alive(owner)) !== false) return true
  }
  return false
}
