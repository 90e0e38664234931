// How long a call that waits for a lock rests between two looks.

import { fs, type Steps } from '../../core/steps.js'
import type { Sighting } from '../evidence/sighting.js'
import type { Locking } from '../job.js'

/**
 * Poll quickly at first (most locks are held briefly), then back off so that pollers do not slow the holder down, then
 * speed up again so that long waiters win. If the state stays the same, the directory is watched instead.
 */
const pausesMs = [1, 2, 8, 8, 4, 4, 2]

/** The lock is kept for the next one, and all others wait for that, also where no changes are reported. */
const nextPauseMs = 4

export function* pause({ dir, staleMs, attend }: Locking, sighting: Sighting): Steps<void> {
  if (attend) yield* attend()
  const [byte = 0] = yield* fs.random(1)
  const jitter = 0.5 + byte / 256
  const isShort = sighting.repeats < 6
  // Not without a limit: a holder that dies changes nothing in the directory, and some filesystems report no changes.
  const ms = (isShort ? (pausesMs[sighting.pauses++] ?? 1) : Math.min(100, staleMs / 10)) * jitter
  sighting.watch.restMs += ms
  if (sighting.waiting?.isNext) yield* fs.changed(dir, Math.min(ms, nextPauseMs))
  else if (isShort) yield* fs.sleep(ms)
  else yield* fs.changed(dir, ms)
}
