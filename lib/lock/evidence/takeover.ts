// A lock that was taken from a holder which was over: what is left of that holder goes, and who listens gets to know.

import type { Steps } from '../../core/steps.js'
import { removeNote } from '../holder/note.js'
import type { Takeover } from '../holder/seen.js'
import { describeHolder, describeState } from '../holder.js'
import type { Hold, Locking } from '../job.js'
import { isHeard, report } from '../turn/reports.js'
import type { Sighting } from './sighting.js'
import { removeWord } from './witness.js'

/** Is there anything left? Usually the lock was free. */
export const isTakeover = ({ from, watch }: Sighting): boolean => from?.fields[0] === 'h' || watch.isElsewhere

export function* afterTakeover(locking: Locking, sighting: Sighting, hold: Hold): Steps<void> {
  const { from, watch } = sighting
  if (isHeard('takeover')) yield* reportTakeover(locking, sighting, hold)
  if (watch.isElsewhere) yield* removeWord(locking.dir)
  if (from) yield* removeNote(locking.dir, from)
}

function* reportTakeover({ dir, trial }: Locking, { from, evidence }: Sighting, { fence }: Hold): Steps<void> {
  if (from?.fields[0] !== 'h' || !evidence) return
  const holder = yield* describeState(dir, from)
  if (!holder || holder === 'moved') return
  const message: Takeover = { function: trial.as, path: trial.path, fence, holder, evidence }
  report('takeover', message, `takes ${trial.path} over (fence ${fence}) from ${describeHolder(holder)}: ${evidence}`)
}
