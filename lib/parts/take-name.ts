// Taking a name away from an inode, so that of several who try exactly one has done it. A rename to a private name leaves
// evidence of who it was, and what it was, where an unlink leaves none.

import { hasCode, type SystemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { achieve, inPeace, type Trial, tidy } from './achieve.js'
import { same } from './claim.js'
import { stageName } from './stage.js'

/** True: this call took it. False: the name was not that inode's any more. Who asks has another name of it. */
export function* consume(path: string, was: Stats, trial: Trial): Steps<boolean> {
  const aside = yield* takeAside(path, was, trial)
  if (aside !== undefined) yield* tidy(fs.unlink(aside))
  return aside !== undefined
}

/** The same for who takes the private name away himself: answers that, or undefined when this call did not take it. */
export function* takeAside(path: string, was: Stats, trial: Trial): Steps<string | undefined> {
  // Mostly this tells, and then whoever has the name by now is left in peace.
  if (!same(yield* fs.lstat(path, orNothing), was)) return undefined
  const aside = yield* stageName(path)
  const taken = yield* achieve(
    () => renamed(path, aside),
    error => isAside(aside, error),
    trial,
  )
  if (!taken) return undefined
  let ours = false
  try {
    ours = same(yield* fs.lstat(aside, orNothing), was)
    return ours ? aside : undefined
  } finally {
    if (!ours) yield* tidy(inPeace(() => restored(aside, path)))
  }
}

function* renamed(path: string, aside: string): Steps<boolean> {
  yield* fs.rename(path, aside)
  return true
}

/** Nobody else makes that name: if it is there, the reply was lost; if not, ENOENT speaks of the other. */
function* isAside(aside: string, error: SystemError): Steps<boolean | undefined> {
  if (yield* fs.lstat(aside, orNothing)) return true
  return hasCode(error, 'ENOENT') ? false : undefined
}

/** It came there after the look, or nobody knows what it is: back to its place, over nothing. */
function* restored(aside: string, path: string): Steps<void> {
  yield* fs.link(aside, path)
  yield* fs.unlink(aside)
}
