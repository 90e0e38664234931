// The call to the system that gives a thing its public name, and what is known of it afterwards.

import { dirname } from 'node:path'
import { mapped, rescued } from '../core/around.js'
import { isSystemError, mayBeOpen, type SystemError } from '../core/errors.js'
import type { Publication, Published } from '../core/publication.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { type Again, achieve, type Trial } from './achieve.js'
import { cleaningUp } from './cleanup.js'
import { isGone, isThing } from './identity.js'

/**
 * Makes a call that gives the name `path`. If that reports an error, it may have been done all the same: `look` says
 * whether it was, as far as can be known.
 */
export const giving = <T>(
  publication: Publication | undefined,
  path: Path,
  call: Steps<T>,
  look: () => Steps<Published> = () => judgeByPlace(path),
): Steps<T> => {
  if (!publication) return call
  return rescued(
    () => {
      publication.begin()
      return call
    },
    error => throwJudged(error, publication, look),
    value => {
      publication.end(true)
      return value
    },
  )
}

function* throwJudged(error: unknown, publication: Publication, look: () => Steps<Published>): Steps<never> {
  // An interruption, or a refusal of Node's: the call was not made. And a name that is open elsewhere was refused.
  let published: Published = false
  try {
    if (isSystemError(error) && !mayBeOpen(error)) {
      published = 'unknown'
      yield* cleaningUp(function* () {
        published = yield* unmaskedLook(look)
      })
    }
    throw error
  } finally {
    publication.end(published)
  }
}

const unmaskedLook = (look: () => Steps<Published>): Steps<Published> =>
  // biome-ignore lint/correctness/useYield: there is nothing to call
  rescued<Published>(look, function* (error) {
    if (!isSystemError(error)) throw error
    return 'unknown'
  })

function* judgeByPlace(path: Path): Steps<Published> {
  return (yield* mayBeDone(path)) ? 'unknown' : false
}

/** What an error says of a thing that is in place, and not by the call that failed. */
export const movedThere = 'another call has moved it there'

/**
 * After a call about the name `path` that failed: only a filesystem that is not local reports an error of what it has done,
 * when the first reply was lost.
 */
export function* mayBeDone(path: Path): Steps<boolean> {
  for (let at = dirname(String(path)); ; at = dirname(at)) {
    if (yield* fs.local(at)) return false
    // Nothing is there: the directory above says where it would be.
    if (dirname(at) === at || (yield* fs.stat(at, orNothing))) return true
  }
}

/** For a call after which another look decides. */
// biome-ignore lint/correctness/useYield: there is nothing to call
export function* undecided(): Steps<Published> {
  return 'unknown'
}

/** After a rename of a private name that failed: no other process uses that name, so if it is gone, the rename was done. */
export function* isSpent(stage: Path): Steps<Published> {
  return (yield* isGone(stage)) ?? false
}

/** After a rename of a public name that failed: where is the inode that had it? */
export function* isMoved(from: Path, to: Path, was: Stats): Steps<Published> {
  if (yield* isThing(from, was)) return false
  return (yield* isThing(to, was)) ?? 'unknown'
}

/** `achieve`, for an attempt that gives a name, where every result says that it was given. */
export const publish = <T extends NonNullable<unknown>>(
  attempt: () => Steps<T>,
  holds: (error: SystemError) => Steps<T | Again | undefined>,
  trial: Trial,
): Steps<T> =>
  mapped(
    () => achieve(attempt, holds, trial),
    value => {
      trial.publication?.decide(true)
      return value
    },
  )
