// A call makes the value: under a claim, or without one.

import { fs, type Steps } from '../../core/steps.js'
import { cleaningUp } from '../../parts/cleanup.js'
import { holdFor } from '../../parts/life.js'
import type { Kept } from '../backing.js'
import { type Held, release } from '../claim.js'
import type { Entry } from '../contract.js'
import type { Job, OwnJob } from './job.js'
import type { Sight } from './look.js'
import type { Got } from './options.js'
import { gotEntry, type Progress } from './progress.js'
import { publish } from './publish.js'
import { attended, OwnTask } from './work.js'
import { beginWork, inside } from './works.js'

/** Returns undefined if another call has taken the claim over: then that one's value is waited for. */
export function* makeUnderClaim<T>(
  job: OwnJob<T>,
  held: Held,
  old: Entry<T> | undefined,
  progress: Progress<T>,
): Steps<Got<T> | undefined> {
  const { key } = job
  progress.held = held
  const leave = holdFor(job.inner.life, () => release(held))
  const endWork = beginWork(job.inner, [key], progress.work)
  try {
    const made = yield* make(job, held, old, progress)
    if (made === undefined || 'source' in made) return made
    const got = yield* publish(job, held, held.state, { key, ...made })
    held.lost ??= got ? 'removed' : 'taken'
    if (!got) progress.robbed = { ...made, held }
    return got
  } finally {
    progress.held = undefined
    leave()
    endWork()
    yield* cleaningUp(() => release(held))
  }
}

interface Value<T> {
  readonly value: T
  readonly ttlMs: number
}

/** Runs the user's function. Returns what it made, or what the call gets instead. */
function* make<T>(
  job: OwnJob<T>,
  held: Held | undefined,
  old: Entry<T> | undefined,
  progress: Progress<T>,
): Steps<Value<T> | Got<T> | undefined> {
  const task = new OwnTask(job.key, held, old, job.ttlMs)
  const work = () => {
    progress.begins()
    return inside(progress.work, () => job.compute(task))
  }
  const ending = yield* attended(work, held ? [held] : [], task.stop)
  const { interruption } = ending
  if ('error' in ending) {
    if (interruption) throw interruption
    if (held?.lost === 'taken') return undefined
    if (job.staleOnError && old) return gotEntry(old, 'stale')
    // That is how the call ends, whatever comes while it cleans up.
    yield* fs.postpone(ending.error)
    throw ending.error
  }
  if (ending.value !== undefined) return { value: ending.value as T, ttlMs: task.ttlMs }
  if (interruption) throw interruption
  return { value: undefined, version: undefined, source: 'unstored' }
}

/** Makes the value without a claim. */
export function* makeAlone<T>(
  job: OwnJob<T>,
  { now, old }: Sight<T>,
  stores: boolean,
  progress: Progress<T>,
): Steps<Got<T>> {
  const made = (yield* make(job, undefined, old, progress)) as Value<T> | Got<T>
  if ('source' in made) return made
  const base = { version: now?.version, claim: undefined }
  const got = stores && (yield* publish(job, base, now, { key: job.key, ...made }))
  return got || { value: made.value, version: undefined, source: 'unstored' }
}

/** The call that has taken the claim over has made nothing: if what was observed is there still, the value gets there now. */
export function* storeLate<T>(
  job: Job<T>,
  now: Kept | undefined,
  { value, ttlMs, held }: NonNullable<Progress<T>['robbed']>,
) {
  const got = yield* publish(job, { version: held.version, claim: undefined }, now, { key: job.key, value, ttlMs })
  return got ?? { value, version: undefined, source: 'unstored' as const }
}
