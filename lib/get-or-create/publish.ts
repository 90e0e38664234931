// What was produced gets its name. The lock excludes other callers of `getOrCreate`. What other programs put there
// meanwhile is not overwritten, unless it comes in the very moment between the look and the rename.
//
// | killed after                  | left behind                                 | what repairs it               |
// |-------------------------------|---------------------------------------------|-------------------------------|
// | any call of the producer      | a private name; at the path, what was there | the next caller; `sweep`      |
// | file: link                    | a second, private name of it                | `sweep`                       |
// | directory: the old set aside  | two private names, and nothing at the path  | the next caller makes it anew |
// | directory: the new renamed in | the old, under a private name               | `sweep`                       |

import { mountPointCodes } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { asEmplacing, emplaceSource } from '../emplace/place.js'
import { achieve, done } from '../parts/achieve.js'
import { claim } from '../parts/claim.js'
import { cleaningUp, tidy } from '../parts/cleanup.js'
import { silently } from '../parts/delete-job.js'
import { sameInode } from '../parts/identity.js'
import { giving, isSpent } from '../parts/publish.js'
import { putBack } from '../parts/put-back.js'
import { type Aside, deleteSetAside, setAside } from '../parts/set-aside.js'
import type { Staged } from '../parts/stage.js'
import type { Producing } from './produce.js'

/** What has the name: nothing, or something that is to be replaced. */
export interface Target {
  readonly at: string
  readonly there: Stats | undefined
}

/**
 * Uses a hard link if nothing was there, because that overwrites nothing. Returns false if another program's file is
 * there.
 */
export function* publishFile(job: Producing, target: Target, stage: Staged<void>): Steps<boolean> {
  const { at, there } = target
  if (!there) {
    try {
      const claimed = yield* claim(stage.path, at, job.trial)
      job.trial.publication?.decide(claimed)
      return claimed
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_NO_HARD_LINKS') throw error
    }
  }
  const trial = { ...job.trial, never: mountPointCodes }
  const way = { ifAbsent: false, parents: undefined, durability: 'none', trial } as const
  yield* emplaceSource(asEmplacing({ from: stage.path, to: at, was: yield* fs.lstat(stage.path), ...way }))
  stage.spent = true
  return true
}

/** The same for a directory. What it replaces is added to `replaced`, which the caller must delete. */
export function* publishDirectory(
  job: Producing,
  { at, there }: Target,
  stage: Staged<void>,
  was: Stats,
  replaced: Aside[],
): Steps<boolean> {
  const trial = { ...job.trial, never: mountPointCodes }
  const old = there ? yield* setAside(at, trial) : false
  try {
    // Where the old directory cannot be renamed (lower layers of overlayfs), it is deleted in place.
    if (old && old.at === at) yield* deleteSetAside(old, silently(), trial)
    const published = yield* achieve<boolean>(
      () =>
        done(
          giving(trial.publication, at, fs.rename(stage.path, at), () => isSpent(stage.path)),
          true,
        ),
      () => statPublished(at, was),
      trial,
    )
    trial.publication?.decide(published)
    stage.spent = published
    if (old && old.at !== at) replaced.push(old)
    return published
  } catch (error) {
    if (old && old.at !== at) yield* cleaningUp(() => tidy(putBack(old, error)))
    throw error
  }
}

/** After a rename that failed: is our directory there (true), another program's (false), or nothing (undefined)? */
function* statPublished(at: string, was: Stats): Steps<boolean | undefined> {
  const there = yield* fs.lstat(at, orNothing)
  return there && sameInode(there, was)
}
