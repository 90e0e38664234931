import { dual } from '../core/dual.js'
import { LatePlace } from '../core/queue.js'
import type { Steps } from '../core/steps.js'
import { encode } from './codec.js'
import { jobOf, untilDone } from './conflict.js'
import type { CreateOptions, Entry, Store } from './contract.js'
import { asTtl, endsIn } from './expiry.js'
import { entryOf } from './find.js'
import { innerOf } from './inner.js'
import { draft } from './kept.js'

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
  try {
    return yield* untilDone(job, function* (): Steps<Entry<T> | undefined | 'moved'> {
      if (!inner.writes) return undefined
      const kept = yield* inner.backing.read(key)
      const now = yield* inner.backing.commit(key, kept, yield* draft(kept, { kind: 'live', ends, data: bytes }))
      return typeof now === 'string' ? 'moved' : entryOf(now, value)
    })
  } finally {
    place?.leave()
  }
})

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
