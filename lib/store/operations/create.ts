import type { Steps } from '../../core/steps.js'
import { encode } from '../codec.js'
import { type Job, jobOf, untilDone } from '../conflict.js'
import type { Change, CreateOptions } from '../contract.js'
import { asTtl, endsIn } from '../expiry.js'
import { entryOf, find } from '../find.js'
import type { Inner } from '../inner.js'
import { draft } from '../kept.js'
import { refused } from '../refused.js'

export function* create<T>(inner: Inner<T>, key: string, value: T, options: CreateOptions): Steps<Change<T>> {
  const job = jobOf(inner, key, options)
  return yield* make(job, value, encode(inner, value), asTtl(options.ttl ?? Number.POSITIVE_INFINITY, 'options.ttl'))
}

export const make = <T>(job: Job<T>, value: T, bytes: Uint8Array, ttl: number): Steps<Change<T>> =>
  untilDone(job, function* (): Steps<Change<T> | 'moved'> {
    const { inner, key } = job
    const found = yield* find(inner, key)
    if (found === 'moved') return 'moved'
    const { kept, entry } = found
    if (entry || !inner.writes) return refused(entry)
    // A claim on what was not there is dropped with the state that it is in, so its owner finds the new value.
    const next = yield* draft(kept, { kind: 'live', ends: endsIn(ttl), data: bytes })
    const now = yield* inner.backing.commit(key, kept, next)
    return typeof now === 'string' ? 'moved' : { ok: true, entry: entryOf(now, value) }
  })
