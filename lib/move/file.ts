// A file's or a link's way to another name. Over what is there: by rename. Not over it: by a hard link, which replaces
// nothing, and then the source's name is taken away; whoever does that has moved it, though several may try.

import { basename, dirname } from 'node:path'
import { cannotLink, hasCode, type SystemError, systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { emplace } from '../emplace.js'
import { withParents } from '../mkdirp.js'
import { type Again, achieve, again, inPeace, tidy } from '../parts/achieve.js'
import { same, stake } from '../parts/claim.js'
import { ownerOf } from '../parts/debris.js'
import { whileSynced } from '../parts/durable.js'
import { isOneName, respell } from '../parts/spelling.js'
import { type Staged, staged } from '../parts/stage.js'
import { consume, takeAside } from '../parts/take-name.js'
import { within } from '../parts/tree.js'
import type { Moving } from './job.js'

export function* moveFile(job: Moving, was: Stats): Steps<boolean> {
  if (job.overwrite) return yield* emplaced(job)
  try {
    const durably = job.durability !== 'none' && was.isFile()
    return yield* durably ? whileSynced(job.from, () => linkedIfAbsent(job, was)) : linkedIfAbsent(job, was)
  } catch (error) {
    // Something that is no file has the name.
    if (isTaken(error)) return false
    // Where nothing can be linked: to another device it is copied; elsewhere that is said.
    if (!cannotLink(error)) throw error
  }
  try {
    return yield* emplaced(job)
  } catch (error) {
    if (isTaken(error)) return false
    throw error
  }
}

const isTaken = (error: unknown): boolean => hasCode(error, 'EEXIST') && (error as SystemError).syscall === 'link'

const emplaced = ({ from, to, overwrite, parents, durability, trial }: Moving): Steps<boolean> =>
  emplace.steps(from, to, {
    ifAbsent: !overwrite,
    durability: durability === 'none' ? 'none' : 'file',
    parents,
    retryFor: trial.retryFor,
  })

function* linkedIfAbsent(job: Moving, was: Stats): Steps<boolean> {
  const { from, to, parents, trial } = job
  const attempt = () =>
    staged(
      to,
      mark => marked(from, mark),
      stage => linkedFrom(stage, job, was),
      ({ aside }) => (aside === undefined ? [] : [fs.unlink(aside)]),
    )
  return yield* achieve(
    () => withParents(to, parents, attempt, from),
    error => hasVanished(job, error),
    trial,
  )
}

/** Where the source went when it was taken. */
interface Taken {
  aside?: string | undefined
}

function* marked(from: string, mark: string): Steps<Taken> {
  yield* fs.link(from, mark)
  return {}
}

/** `mark` is a private name of what is moved: as long as it is there, somebody is at work on it beside the target. */
function* linkedFrom({ path: mark, made }: Staged<Taken>, job: Moving, was: Stats): Steps<boolean> {
  const { from, to, trial } = job
  const staked = yield* stake(mark, to, trial)
  if (staked === 'another') return false
  if (staked === 'already') {
    if (yield* isOneName(from, to)) {
      yield* respell(from, to)
      return true
    }
    // Who has linked it takes his link back if we are the first to take the source.
    if (yield* isUnderWay(mark, to))
      throw systemError('EAGAIN', 'link', 'another call is moving the same there', from, to)
  }
  // Only who is sure that it was himself who linked it takes it back.
  const sure = staked === 'linked'
  try {
    made.aside = yield* takeAside(from, was, trial)
  } catch (error) {
    if (sure) yield* tidy(inPeace(() => giveUp(mark, job, was)))
    throw error
  }
  if (made.aside !== undefined) return true
  if (sure) yield* tidy(inPeace(() => takeBack(mark, job)))
  throw systemError('ENOENT', 'rename', 'another call has moved or replaced it meanwhile', from, to)
}

/** If the source's name is gone all the same, the target's may be the only one. */
function* giveUp(mark: string, job: Moving, was: Stats): Steps<void> {
  if (same(yield* fs.lstat(job.from, orNothing), was)) yield* takeBack(mark, job)
}

/** The mark tells what it was that was linked: something else may have come to the source's name before. */
function* takeBack(mark: string, { to, trial }: Moving): Steps<void> {
  yield* consume(to, yield* fs.lstat(mark), trial)
}

/** Does a live process have a mark for the same, beside the target? */
function* isUnderWay(mark: string, to: string): Steps<boolean> {
  const dir = dirname(to)
  const was = yield* fs.lstat(mark)
  for (const entry of yield* fs.list(dir)) {
    const owner = ownerOf(entry.name)
    if (owner === undefined || entry.name === basename(mark)) continue
    if (same(yield* fs.lstat(within(dir, entry), orNothing), was) && (yield* fs.alive(owner)) !== false) return true
  }
  return false
}

/** Looks after an attempt that failed: did the directory go away between two calls? */
function* hasVanished({ from, parents }: Moving, error: SystemError): Steps<Again | undefined> {
  return parents && hasCode(error, 'ENOENT') && (yield* fs.lstat(from, orNothing)) ? again : undefined
}
