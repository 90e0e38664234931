import type { Steps } from '../../core/steps.js'
import { type Job, jobOf, untilDone } from '../conflict.js'
import type { Entry, GetOptions, Gone } from '../contract.js'
import { asTtl, wasMovedJustNow } from '../expiry.js'
import { find, glance } from '../find.js'
import type { Inner } from '../inner.js'
import { moveEnd } from './touch.js'

export function* get<T>(inner: Inner<T>, key: string, options: GetOptions): Steps<Entry<T> | Gone | undefined> {
  const job = jobOf(inner, key, options)
  const ttl = options.touch === undefined ? undefined : asTtl(options.touch, 'options.touch')
  const entry = inner.reads ? yield* ttl === undefined ? read(job) : readAndTouch(job, ttl) : undefined
  inner.note(entry?.gone === false ? 'hit' : 'miss', key)
  return entry
}

function* read<T>(job: Job<T>): Steps<Entry<T> | Gone | undefined> {
  // Usually one look is enough, and `untilDone` around it would cost as much again as a quick engine.
  let found = yield* glance(job.inner, job.key)
  if (found === 'moved') found = yield* untilDone(job, () => find(job.inner, job.key))
  return found.entry
}

const readAndTouch = <T>(job: Job<T>, ttl: number): Steps<Entry<T> | Gone | undefined> =>
  untilDone(job, function* () {
    const { inner, key } = job
    const found = yield* find(inner, key)
    if (found === 'moved') return 'moved'
    const { kept, entry } = found
    if (!kept || !entry || entry.gone || !inner.writes || wasMovedJustNow(kept, ttl)) return entry
    return yield* moveEnd(job, kept, entry.value, ttl)
  })
