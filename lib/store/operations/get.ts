import type { Steps } from '../../core/steps.js'
import { checkOpen } from '../../parts/life.js'
import { type Job, jobOf, untilDone } from '../conflict.js'
import type { Entry, GetOptions, Gone } from '../contract.js'
import { asTtl, isLive, wasMovedJustNow } from '../expiry.js'
import { find, foundIn } from '../find.js'
import type { Inner } from '../inner.js'
import { checkKey } from '../keys.js'
import { moveEnd } from './touch.js'

export function* get<T>(inner: Inner<T>, key: string, options: GetOptions): Steps<Entry<T> | Gone | undefined> {
  checkOpen(inner.life)
  checkKey(key)
  const ttl = options.touch === undefined ? undefined : asTtl(options.touch, 'options.touch')
  let entry: Entry<T> | Gone | undefined
  if (inner.reads && ttl !== undefined) entry = yield* readAndTouch(jobOf(inner, key, options), ttl)
  else if (inner.reads) {
    // A copy will do. Usually one look is enough, and other steps around it would cost as much again as a quick engine.
    const { backing } = inner
    const kept = yield* backing.glance ? backing.glance(key) : backing.read(key)
    let found = foundIn(inner, key, kept, isLive(kept) ? yield* kept.data() : undefined)
    if (found === 'moved') found = yield* untilDone(jobOf(inner, key, options), () => find(inner, key))
    entry = found.entry
  }
  inner.note(entry?.gone === false ? 'hit' : 'miss', key)
  return entry
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
