import { dual } from '../core/dual.js'
import { LatePlace } from '../core/queue.js'
import type { Steps } from '../core/steps.js'
import type { Kept } from './backing.js'
import { encode } from './codec.js'
import { type Job, jobOf, untilDone } from './conflict.js'
import type { CreateOptions, Entry, Store } from './contract.js'
import { asTtl, endsIn } from './expiry.js'
import { entryOf } from './find.js'
import { innerOf } from './inner.js'
import { draftOf, type Next } from './kept.js'

const overwriting = dual(function* overwrite<T>(
  store: Store<T>,
  key: string,
  value: T,
  options: CreateOptions = {},
  // Only the promise form queues: a blocked thread has no other calls.
  place?: LatePlace,
): Steps<Entry<T> | undefined> {
  const inner = innerOf<T>(store)
  const job = jobOf(inner, key, options, place)
  const bytes = encode(inner, value)
  const ends = endsIn(asTtl(options.ttl ?? Number.POSITIVE_INFINITY, 'options.ttl'))
  if (!inner.writes) return undefined
  const next = { kind: 'live', ends, data: bytes } as const
  try {
    // What this thread made last may save the look: if it is not there any more, the commit says so.
    const recalled = inner.backing.recall && (yield* inner.backing.recall(key))
    const first = yield* recalled ? put(job, recalled, next) : readAndPut(job, next)
    const now = first === 'moved' ? yield* untilDone(job, () => readAndPut(job, next), first) : first
    return entryOf(now, value)
  } finally {
    place?.leave()
  }
})

function* readAndPut(job: Job<unknown>, next: Next): Steps<Kept | 'moved'> {
  return yield* put(job, yield* job.inner.backing.read(job.key), next)
}

function* put({ inner, key }: Job<unknown>, from: Kept | undefined, next: Next): Steps<Kept | 'moved'> {
  const id = inner.ids.next() ?? (yield* inner.ids.draw())
  const now = yield* inner.backing.commit(key, from, draftOf(id, from, next))
  return typeof now === 'string' ? 'moved' : now
}

interface Overwrite {
  <T>(store: Store<T>, key: string, value: T, options?: CreateOptions): Promise<Entry<T> | undefined>
  sync<T>(store: Store<T>, key: string, value: T, options?: CreateOptions): Entry<T> | undefined
  steps<T>(store: Store<T>, key: string, value: T, options?: CreateOptions): Steps<Entry<T> | undefined>
}

/**
 * Stores a value whatever is there: the last call wins, and what was deleted comes back.
 *
 * Holds afterwards: at an instant during the call the key had this value, and a version of its own. What another call was
 * making for the key (`getOrSet`) does not replace it.
 *
 * Not promised: that a change which another call made meanwhile is not lost: `update` does that. That a deletion lasts:
 * also a key with a tombstone has a value again.
 *
 * @param store Any store of `holdfast/store`, wrapped or not.
 * @param key The key that gets the value.
 * @param value Anything that the codec of the store can encode.
 * @param options `ttl`: milliseconds until the entry expires (default: never).
 * @returns The entry; undefined if the store refuses changes (`enabled`).
 * @throws As `create` of the store; `ERR_CONFLICT` if others went on changing the key for `retryFor`.
 *
 * @example
 * await overwrite(rates, 'EUR/USD', { rate: 1.1 }, { ttl: 60_000 })
 *
 * Source of the protocol: the `set` of key-value packages.
 */
export const overwrite: Overwrite = Object.assign(
  <T>(store: Store<T>, key: string, value: T, options?: CreateOptions) =>
    overwriting(store as Store<unknown>, key, value, options, new LatePlace()),
  { sync: overwriting.sync, steps: overwriting.steps },
) as Overwrite
