// The values of several keys are made in one batch, under the claims that the call has got, and published each by itself.

import { fs, type Steps } from '../../core/steps.js'
import { cleaningUp } from '../../parts/cleanup.js'
import { holdFor } from '../../parts/life.js'
import { release } from '../claim.js'
import type { Entry } from '../contract.js'
import { asTtl, isTombstone } from '../expiry.js'
import type { Making } from '../get-or-set/job.js'
import { publish } from '../get-or-set/publish.js'
import { attended, Stop } from '../get-or-set/work.js'
import { beginWork, inside } from '../get-or-set/works.js'
import { forEach } from '../operations/many.js'
import type { ComputeMany, ManyTask } from './options.js'
import { giveOld, unstored, type Wanted } from './wanted.js'

class OwnManyTask<T> implements ManyTask<T> {
  readonly stop = new Stop()
  readonly fences: ReadonlyMap<string, number>
  readonly previous: ReadonlyMap<string, Entry<T>>
  ttlMs: number

  constructor(batch: readonly Wanted<T>[], ttlMs: number) {
    this.fences = new Map(batch.flatMap(({ job, held }) => (held ? [[job.key, held.claim.fence] as const] : [])))
    this.previous = new Map(batch.flatMap(({ job, sight }) => (sight.old ? [[job.key, sight.old] as const] : [])))
    this.ttlMs = ttlMs
  }

  get signal(): AbortSignal {
    return this.stop.signal
  }

  ttl(ms: number): void {
    this.ttlMs = asTtl(ms, 'ms')
  }
}

/** Makes the values of a batch. `stores`: whether those are stored that are not claimed. Each has got something afterwards. */
export function* makeBatch<T>(
  making: Making<T>,
  batch: readonly Wanted<T>[],
  compute: ComputeMany<T>,
  work: string,
  stores: boolean,
): Steps<void> {
  const keys = batch.map(({ job }) => job.key)
  const helds = batch.flatMap(({ held }) => held ?? [])
  const endWork = beginWork(making.inner, keys, work)
  const leave = helds.map(held => holdFor(making.inner.life, () => release(held)))
  try {
    const task = new OwnManyTask(batch, making.ttlMs)
    const ending = yield* attended(() => inside(work, () => compute(keys, task)), helds, task.stop)
    if ('error' in ending) {
      if (ending.interruption) throw ending.interruption
      if (making.staleOnError && batch.every(({ sight }) => sight.old)) {
        for (const one of batch) giveOld(one)
        return
      }
      // That is how the call ends, whatever comes while it cleans up.
      yield* fs.postpone(ending.error)
      throw ending.error
    }
    const values = asMap(ending.value)
    // What is made may be the only one there is, so it is too late to stop the call.
    yield* cleaningUp(() =>
      forEach(
        batch.filter(({ got, robbed }) => !got && !robbed),
        one => publishOne(one, values.get(one.job.key), task.ttlMs, stores),
      ),
    )
  } finally {
    endWork()
    for (const one of leave) one()
    yield* cleaningUp(() => releaseAll(batch))
  }
}

function asMap<T>(value: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  if (typeof value?.get === 'function') return value
  const message = 'The function that makes the values must return a Map'
  throw Object.assign(new TypeError(message), { code: 'ERR_INVALID_RETURN_VALUE' })
}

function* publishOne<T>(one: Wanted<T>, value: T | undefined, ttlMs: number, stores: boolean): Steps<void> {
  const { job, held, sight } = one
  if (value === undefined || (!held && (!stores || isTombstone(sight.now)))) {
    one.got = unstored(value)
    return
  }
  const base = held ?? { version: sight.now?.version, claim: undefined }
  const got = yield* publish(job, base, held ? held.state : sight.now, { key: job.key, value, ttlMs })
  if (held) held.lost ??= got ? 'removed' : 'taken'
  if (!got && held) one.robbed = { value, ttlMs, held }
  else one.got = got ?? unstored(value)
}

/** Releases what is held still: all of it, also if some of that fails. */
export function* releaseAll<T>(batch: readonly Wanted<T>[]): Steps<void> {
  for (const one of batch) {
    if (one.held) yield* release(one.held)
    one.held = undefined
  }
}
