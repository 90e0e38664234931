// Moves a file or a link. With `overwrite` that is a rename. Without it, it is a hard link, which replaces nothing;
// then the source's name is taken away, and of several callers the one that takes it has moved the file.

import { basename, dirname } from 'node:path'
import { cannotLink, hasCode, type SystemError, systemError } from '../core/errors.js'
import type { Progress } from '../core/progress.js'
import type { Stats } from '../core/stats.js'
import { fs, type Steps } from '../core/steps.js'
import { emplace } from '../emplace.js'
import { achieve, done } from '../parts/achieve.js'
import { linkExclusive } from '../parts/claim.js'
import { discard, uninterruptible } from '../parts/cleanup.js'
import type { DeleteJob } from '../parts/delete-tree.js'
import { syncFile } from '../parts/durable.js'
import { isInode } from '../parts/identity.js'
import { statVanishedParent, withParents } from '../parts/parents.js'
import { isSameName, respell } from '../parts/spelling.js'
import { type Staged, staged } from '../parts/stage.js'
import { ownerOf } from '../parts/stage-names.js'
import { takeName, takeNameAside } from '../parts/take-name.js'
import { childPath } from '../parts/tree.js'
import type { Moving } from './job.js'

export function* moveFile(job: Moving, was: Stats): Steps<boolean> {
  if (job.overwrite) return yield* emplaceSource(job)
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
    return yield* emplaceSource(job)
  } catch (error) {
    if (isTaken(error)) return false
    throw error
  }
}

const isTaken = (error: unknown): boolean => hasCode(error, 'EEXIST') && (error as SystemError).syscall === 'link'

const emplaceSource = ({ from, to, overwrite, parents, durability, deletion, trial }: Moving): Steps<boolean> =>
  emplace.steps(from, to, {
    ifAbsent: !overwrite,
    durability: durability === 'none' ? 'none' : 'file',
    parents,
    retryFor: trial.retryFor,
    onProgress: reportOfEmplace(deletion),
  })

/** Of a file that is placed, `emplace` reports all that there is to report. */
const reportOfEmplace = ({ onProgress, sum }: DeleteJob) =>
  onProgress &&
  ((progress: Progress): unknown => {
    sum.done = progress.done
    return onProgress(progress)
  })

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
  if (linked === 'another') return false
  if (linked === 'already') {
    if (yield* isSameName(from, to)) {
      yield* respell(from, to)
      return true
    }
    // The call that linked it will remove that link if this call is the first to take the source.
    if (yield* isUnderWay(mark, to)) throw systemError('EAGAIN', 'link', 'another call is moving it there', from, to)
  }
  // Only a call that is certain to have made the link may remove it again.
  const sure = linked === 'linked'
  try {
    made.aside = yield* takeNameAside(from, was, trial)
  } catch (error) {
    if (sure) yield* uninterruptible(() => discard(() => unlinkTargetIfSourceRemains(mark, job, was)))
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
  yield* takeName(to, yield* fs.lstat(mark), trial)
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
