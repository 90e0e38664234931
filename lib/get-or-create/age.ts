// How old a result is, by the clock of the filesystem that it is on. The clock of the reader is another one: that machine
// may be wrong by days, and so may be a process whose clock is faked.

import { dirname } from 'node:path'
import { isSystemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, type Steps } from '../core/steps.js'
import { tidy } from '../parts/cleanup.js'
import { clockUs } from '../parts/filesystem-clock.js'
import { closing } from '../parts/stage.js'

/** Times that are written within one tick of a clock, or to a grain of 2 s (FAT), may seem to come in another order. */
const grainMs = 2_000

/** What seems to come from the future says nothing of its age, and counts as too old. */
export function* isOlderThan(maxAgeMs: number, at: string, { mtimeNs }: Stats): Steps<boolean> {
  if (maxAgeMs === Number.POSITIVE_INFINITY) return false
  const ageMs = (yield* clockMs(at)) - Number(mtimeNs) / 1e6
  return ageMs > maxAgeMs || ageMs < -grainMs
}

/**
 * The filesystem's clock, in milliseconds. It was read within the last second, because reading it changes the directory;
 * how far it has gone since is measured. Where nothing can be made, it cannot be known, and is taken for that of this
 * machine.
 */
export function* clockMs(at: string): Steps<number> {
  // No path has this character.
  const key = `${dirname(at)}\0clock`
  const ahead = (yield* fs.recall(key)) as number | undefined
  if (ahead !== undefined) return ahead + (yield* fs.now())
  // Before the clock is read: if that takes long, things seem older than they are, and never younger.
  const beforeMs = yield* fs.now()
  try {
    const ms = (yield* clockUs(at)) / 1000
    yield* fs.remember(key, ms - beforeMs)
    return ms
  } catch (error) {
    if (!isSystemError(error)) throw error
    return Date.now()
  }
}

/**
 * The age of a result counts from when it is made, so what a producer gives an older time, as unpacking and copying do,
 * gets that of now. Best effort: what keeps its time is only made anew sooner. `sinceMs`: when the producer was called.
 */
export function* dateFromNow(stage: string, { mtimeNs }: Stats, sinceMs: number, at: string): Steps<void> {
  const mtimeMs = Number(mtimeNs) / 1e6
  const nowMs = yield* clockMs(at)
  if (mtimeMs >= sinceMs - grainMs && mtimeMs <= nowMs + grainMs) return
  yield* tidy(setTime(stage, nowMs / 1000))
}

function* setTime(path: string, seconds: number): Steps<void> {
  const fd = yield* fs.open(path, 'r nofollow')
  yield* closing(fd, () => fs.futimes(fd, seconds, seconds))
}
