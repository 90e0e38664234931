// What was produced gets its name. Callers of `getOrCreate` are kept apart by its lock; of what strangers put there
// meanwhile nothing is overwritten, unless it came into the very moment between the look and the rename.
//
// | killed after                     | left behind                                      | who repairs it                   |
// |----------------------------------|--------------------------------------------------|----------------------------------|
// | any call of the producer         | a private name; at the path what was there       | the next caller; `sweep`         |
// | file: link                       | a second, private name of it                     | `sweep`                          |
// | directory: the old set aside     | two private names, and nothing at the path       | the next caller makes it anew    |
// | directory: the new renamed in    | the old, under a private name                    | `sweep`                          |

import { mounted } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { emplace } from '../emplace.js'
import { achieve, noEvidence, tidy, toTheEnd } from '../parts/achieve.js'
import { claim, same } from '../parts/claim.js'
import type { Staged } from '../parts/stage.js'
import { deleteAside, type Outgoing, putBack, setAside } from '../remove.js'
import { type Producing, quiet } from './produce.js'

/** What has the name: nothing, or what shall not stay. */
export interface Target {
  readonly at: string
  readonly there: Stats | undefined
}

/** A link is the step that overwrites nothing. True: it is ours. False: a stranger's is there. */
export function* publishFile(job: Producing, target: Target, stage: Staged<void>): Steps<boolean> {
  const { at, there } = target
  if (!there) {
    try {
      return yield* claim(stage.path, at, job.trial)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_NO_HARD_LINKS') throw error
    }
  }
  yield* emplace.steps(stage.path, at, { durability: 'none', retryFor: job.trial.retryFor })
  stage.spent = true
  return true
}

/** The same for a directory; what it replaces is put to those that are `outgoing`, which is to be deleted. */
export function* publishDirectory(
  job: Producing,
  { at, there }: Target,
  stage: Staged<void>,
  was: Stats,
  outgoing: Outgoing[],
): Steps<boolean> {
  const trial = { ...job.trial, never: mounted }
  const old = there ? yield* achieve(() => setAside(at), noEvidence, trial) : false
  try {
    // Where it cannot be renamed (lower layers of overlayfs), it is deleted in its place.
    if (old && old.at === at) yield* deleteAside(old, quiet, trial)
    const mine = yield* achieve(
      () => renamed(stage.path, at),
      () => isThere(at, was),
      trial,
    )
    stage.spent = mine
    if (old && old.at !== at) outgoing.push(old)
    return mine
  } catch (error) {
    if (old && old.at !== at) yield* toTheEnd(() => tidy(putBack(old, error)))
    throw error
  }
}

function* renamed(from: string, to: string): Steps<boolean> {
  yield* fs.rename(from, to)
  return true
}

/** Looks after a rename that failed: whatever else is there by now is a stranger's. */
function* isThere(at: string, was: Stats): Steps<boolean | undefined> {
  const there = yield* fs.lstat(at, orNothing)
  return there && same(there, was)
}
