// The filesystem's own clock. It may be another machine's, and only a change shows what it says.

import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { closing, type Staged, staged, stagedDirectory } from './stage.js'
import { stageName } from './stage-names.js'

/** Microseconds on the filesystem's clock, at a moment after this call began. */
export const clockUs = (beside: string): Steps<number> =>
  stagedDirectory(
    beside,
    function* ({ path }) {
      return Number((yield* fs.lstat(path)).mtimeNs / 1000n)
    },
    path => fs.rmdir(path),
  )

/**
 * How long ago (ms) the file at `path` was renamed last, as far as the filesystem says; undefined where it does not: on
 * some, nothing shows when a name has come, or those that share it have clocks of their own. That is found out only for
 * what is `enoughMs` old.
 */
export function* msSinceRename(path: string, beside: string, enoughMs: number): Steps<number | undefined> {
  if (!(yield* fs.clocked(beside))) return undefined
  const there = yield* fs.lstat(path, orNothing)
  if (!there) return undefined
  return yield* staged(beside, newFile, function* (stage) {
    const { dev, ctimeNs } = stage.made
    const ageMs = Number(ctimeNs - there.ctimeNs) / 1e6
    return dev === there.dev && (ageMs < enoughMs || (yield* showsRenames(stage, beside))) ? ageMs : undefined
  })
}

function* newFile(path: string): Steps<Stats> {
  const fd = yield* fs.open(path, 'wx', 0o600)
  return yield* closing(fd, () => fs.fstat(fd))
}

/** Milliseconds: the clock of a filesystem usually stands still for less, and never for all of them together. */
const ticksMs = [1, 4, 5, 10]

/** Does a rename show in the ctime of what is renamed? */
function* showsRenames(stage: Staged<Stats>, beside: string): Steps<boolean> {
  for (const ms of ticksMs) {
    yield* fs.sleep(ms)
    if (yield* movesBy(stage, beside)) return true
  }
  return false
}

function* movesBy({ path, made }: Staged<Stats>, beside: string): Steps<boolean> {
  const moved = yield* stageName(beside)
  yield* fs.rename(path, moved)
  try {
    return (yield* fs.lstat(moved)).ctimeNs > made.ctimeNs
  } finally {
    yield* fs.rename(moved, path)
  }
}
