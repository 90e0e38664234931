// A lock is born free, where nothing is, or an empty directory.

import { dirname } from 'node:path'
import { createState } from '../../cell/create.js'
import { type State, successor } from '../../cell/state.js'
import { isUnknownOutcome, type Verdict } from '../../cell/transition.js'
import { hasCode } from '../../core/errors.js'
import type { Stats } from '../../core/stats.js'
import { fs, type Steps } from '../../core/steps.js'
import { uninterruptible } from '../../parts/cleanup.js'
import { nonces } from '../../parts/stage-names.js'
import type { Sighting } from '../evidence/sighting.js'
import type { Locking } from '../job.js'
import { freeFields, freeToken, type Known, unnumbered } from '../token.js'
import { birthMark, isForeign, isLeft, isUnborn, keepsBirthMark, statEmpty } from './foreign.js'
import { fill, isFirst, livePins, pinned } from './in-place.js'
import { inDirectory } from './opened.js'
import { isMarked, isRemovable } from './own-directory.js'
import { giveRights } from './rights.js'

/**
 * Makes the lock. `moved`: another call, or package, was first; `busy`: another package holds it, or another call is at
 * it.
 */
export function* bear(locking: Locking, sighting: Sighting, now: 'void' | 'absent'): Steps<Known | 'busy' | 'moved'> {
  const token = freeToken(unnumbered, yield* fs.thread())
  const state = successor(undefined, { fields: freeFields(token) }, yield* nonces())
  const result = yield* now === 'void' ? takeEmpty(locking, sighting, state) : makeNew(locking, state)
  return typeof result === 'string' ? result : result ? { state, token } : 'moved'
}

/** Returns whether the state is there now. */
type Born = Steps<boolean | 'busy'>

const makeNew = (locking: Locking, state: State): Born =>
  locking.foreign === undefined ? place(locking, state) : makeInPlace(locking, state)

/** The directory is made ready at a private name, and gets its own by a rename: no process that is killed leaves half of it. */
function* place({ dir, trial, create, mode }: Locking, state: State): Born {
  const prepare = (path: string) => giveRights(path, dirname(path), mode)
  try {
    return (yield* create(dir, () => createState(dir, state, trial, prepare))) === 'mine'
  } catch (error) {
    // Even if this call did make the lock, other calls have had it since.
    if (isUnknownOutcome(error)) return false
    throw error
  }
}

/**
 * A rename would replace the lock that another package has made a moment ago; `mkdir` fails then, and so does that of the
 * other package now.
 */
function* makeInPlace({ dir, create, mode }: Locking, state: State): Born {
  try {
    yield* create(dir, () => mkdirAs(dir))
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
  const above = dirname(dir)
  const born = yield* uninterruptible(() =>
    inDirectory(dir, function* (at, there) {
      // Another package may have taken it for stale meanwhile, and made its own: that could not be removed with a pin in it.
      if (yield* isAnothers(there, above)) return false
      return yield* pinned(at, state, pin => finish(at, pin, above, mode))
    }),
  )
  return born ?? false
}

/** Is it certain that it is not the directory that was just made? Where none keeps that mark, it is taken for that. */
function* isAnothers(there: Stats, above: string): Steps<boolean> {
  return !isUnborn(there) && (isMarked(there) || (yield* keepsBirthMark(above)))
}

/**
 * Another directory may have the name meanwhile: then another call is at it, whose pin is there, or the mark that it has
 * set before the pin became its state.
 */
function* finish(at: string, pin: string, above: string, mode: number | undefined): Steps<boolean> {
  if (!(yield* isFirst(at, pin))) return false
  if (yield* isAnothers(yield* fs.stat(at), above)) return false
  yield* giveRights(`${at}/.`, above, mode)
  return true
}

function* mkdirAs(dir: string): Steps<Verdict> {
  yield* fs.mkdir(dir, 0o777 | birthMark)
  return 'mine'
}

function* takeEmpty(locking: Locking, sighting: Sighting, state: State): Born {
  const { dir, trial } = locking
  const there = yield* statEmpty(dir)
  if (!there) return false
  const mayReplace = yield* isRemovable(dir)
  // Where this user may not replace it, it may be one that another user is about to fill.
  if (isForeign(there) || !(mayReplace || isMarked(there)))
    return (yield* isLeft(there, locking, sighting)) ? yield* fill(dir, there, state, trial) : 'busy'
  if ((yield* livePins(dir)).length > 0) return 'busy'
  return mayReplace ? yield* place(locking, state) : yield* fill(dir, there, state, trial)
}
