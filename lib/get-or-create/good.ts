// Is what is there good enough? And what it holds, if the caller wants that, too.

import { isInterruption } from '../core/interruption.js'
import type { Stats } from '../core/stats.js'
import { fs, type Steps } from '../core/steps.js'
import type { Hold } from '../lock/hold.js'
import { attended, inside } from '../lock/while-held.js'
import { achieve, noEvidence } from '../parts/achieve.js'
import { ofUser } from '../parts/cleanup.js'
import { sameThing } from '../parts/identity.js'
import { isOlderThan } from './age.js'
import { readStill } from './content.js'
import type { Making } from './job.js'
import type { Target } from './publish.js'

/** Usually whatever is there is good, and nothing needs to be asked. */
export const isPlainlyGood = ({ refresh, maxAgeMs, validate }: Making, { there }: Target): boolean =>
  there !== undefined && !refresh && maxAgeMs === undefined && validate === undefined

/**
 * Without the lock, the target may be replaced while `validate` reads it, so an error of `validate` counts as "no". An
 * error that is not due to that comes again under the lock.
 */
export function* isGoodUnlocked(job: Making, target: Target): Steps<boolean> {
  try {
    return yield* isGood(job, target)
  } catch (error) {
    if (isInterruption(error)) throw error
    return false
  }
}

/** Under the lock, `hold` makes its heartbeats while `validate` works. */
export function* isGood(job: Making, { at, there }: Target, hold?: Hold): Steps<boolean> {
  const { path, refresh, maxAgeMs, validate, first } = job
  if (!there) return false
  // What has come since the call began is new enough, however long its making took.
  const isNew = first !== undefined && !sameThing(first.there, there)
  if (refresh && !isNew) return false
  if (maxAgeMs !== undefined && !isNew && (yield* isOlderThan(maxAgeMs, at, there))) return false
  if (!validate) return true
  if (!hold) return (yield* fs.settle(validate(path))) !== false
  const validateUnderLock = () => inside(hold, () => validate(path))
  return (yield* ofUser(() => attended(hold, validateUnderLock()))) !== false
}

/** Reads the content of a file, if that is wanted. Returns false if another thing has its name now. */
export function* keepContent(job: Making, at: string, there: Stats | undefined): Steps<boolean> {
  if (!job.reader) return true
  const bytes = yield* achieve(() => orMoved(readStill(at, there as Stats)), noEvidence, job.trial)
  if (bytes === 'moved') return false
  job.content = job.reader(bytes, job.path)
  return true
}

function* orMoved(steps: Steps<Buffer | undefined>): Steps<Buffer | 'moved'> {
  return (yield* steps) ?? 'moved'
}
