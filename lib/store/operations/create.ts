import type { Steps } from '../../core/steps.js'
import { encode } from '../codec.js'
import { type Job, jobOf, untilDone } from '../conflict.js'
import type { Change, CreateOptions } from '../contract.js'
import { asTtl, endsIn, isLive, isTombstone } from '../expiry.js'
import { asFound, entryOf } from '../find.js'
import type { Inner } from '../inner.js'
import { draftOf } from '../kept.js'
import { refused } from '../refused.js'

export function* create<T>(inner: Inner<T>, key: string, value: T, options: CreateOptions): Steps<Change<T>> {
  const job = jobOf(inner, key, options)
  return yield* make(job, value, encode(inner, value), asTtl(options.ttl ?? Number.POSITIVE_INFINITY, 'options.ttl'))
}

export function* make<T>(job: Job<T>, value: T, bytes: Uint8Array, ttl: number): Steps<Change<T>> {
  // Usually one attempt is enough, and `untilDone` around it would cost as much again as a quick engine.
  const done = yield* attempt(job, value, bytes, ttl)
  return done === 'moved' ? yield* untilDone(job, () => attempt(job, value, bytes, ttl), done) : done
}

function* attempt<T>(job: Job<T>, value: T, bytes: Uint8Array, ttl: number): Steps<Change<T> | 'moved'> {
  const { inner, key } = job
  const kept = yield* inner.backing.read(key)
  if (!inner.writes || isLive(kept) || isTombstone(kept)) {
    const there = yield* asFound(inner, key, kept)
    if (there === 'moved') return 'moved'
    // A value that is damaged counts as none.
    if (there.entry || !inner.writes) return refused(there.entry)
  }
  // A claim on what was not there is dropped with the state that it is in, so its owner finds the new value.
  const id = inner.ids.next() ?? (yield* inner.ids.draw())
  const next = draftOf(id, kept, { kind: 'live', ends: endsIn(ttl), data: bytes })
  const now = yield* inner.backing.commit(key, kept, next)
  return typeof now === 'string' ? 'moved' : { ok: true, entry: entryOf(now, value) }
}
