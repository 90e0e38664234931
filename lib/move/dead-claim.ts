// A claim is something empty that a mover puts at the target's name, and renames what it moves onto that
// (./claim-and-rename.ts). While its maker lives, its mark, a private directory, is beside it. The next mover to the name
// removes a claim that was left behind; while it does that, its own mark, a private link, is there.

import { basename, dirname } from 'node:path'
import { hasCode, systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { achieve, done, noEvidence } from '../parts/achieve.js'
import { staged } from '../parts/stage.js'
import { ownerOf } from '../parts/stage-names.js'
import { takeName } from '../parts/take-name.js'
import type { Moving } from './job.js'

/** Sticky, where only the owner may do anything: that has no use, so nothing else has this mode. */
export const claimMode = 0o1700

/** Whether something is in a directory, its removal will show. */
const isClaim = (there: Stats | undefined): there is Stats =>
  there !== undefined &&
  (there.mode & 0o5777n) === BigInt(claimMode) &&
  (there.isDirectory() || (there.isFile() && there.size === 0n))

/**
 * Something has the target's name. If that is a claim that was left behind, removes it. Returns whether the name may be
 * free now.
 */
export function* removeDeadClaim(job: Moving): Steps<boolean> {
  if (!isClaim(yield* fs.lstat(job.to, orNothing))) return false
  return yield* achieve(() => tryRemove(job), noEvidence, job.trial)
}

function* tryRemove(job: Moving): Steps<boolean> {
  const { to } = job
  const other = yield* otherMark(to)
  return yield* other === undefined ? staged(to, makeMark, ({ path }) => removeMarked(job, path)) : notAlone(job, other)
}

const makeMark = (path: string): Steps<void> => fs.symlink('claim', path)

/**
 * A mover removes a claim only while it has a mark, and has seen no other since it made that. So only one at a time does: of
 * two, the one that made its mark later sees the other. Nor can another make a claim meanwhile, because this one has the
 * name.
 */
function* removeMarked(job: Moving, mark: string): Steps<boolean> {
  const { to, trial } = job
  const other = yield* otherMark(to, mark)
  if (other !== undefined) return yield* notAlone(job, other)
  // Its maker had its mark before this list was read, and has it no more. The look comes after that, because the maker,
  // or another that has removed the claim, may have put something in its place.
  const there = yield* fs.lstat(to, orNothing)
  if (!isClaim(there)) return true
  if (there.isFile()) return yield* done(takeName(to, there, trial), true)
  try {
    return yield* done(fs.rmdir(to), true)
  } catch (error) {
    // Something was put in it, so it is a claim no longer.
    if (hasCode(error, 'ENOTEMPTY', 'EEXIST')) return false
    // It was removed, and the reply was lost. Another may have claimed the name since.
    if (!isClaim(yield* fs.lstat(to, orNothing))) return true
    throw error
  }
}

/**
 * If another claims the name, that may be its claim. It may also be about to see that it has met this one: then it comes
 * here after this look, so that of several the last is not kept from removing the claim.
 */
// biome-ignore lint/correctness/useYield: there is nothing to call
function* notAlone({ from, to }: Moving, other: 'claims' | 'removes'): Steps<false> {
  if (other === 'claims') return false
  throw systemError(
    'EAGAIN',
    'rename',
    'another call, which is not known to be dead, is making the name free',
    from,
    to,
  )
}

/** Has another, which is not known to be dead, a mark there? */
function* otherMark(to: string, own = ''): Steps<'claims' | 'removes' | undefined> {
  let found: 'removes' | undefined
  for (const { name, kind } of yield* fs.list(dirname(to))) {
    const owner = kind === 'directory' || kind === 'link' ? ownerOf(name) : undefined
    if (owner === undefined || name === basename(own) || (yield* fs.alive(owner)) === false) continue
    if (kind === 'directory') return 'claims'
    found = 'removes'
  }
  return found
}
