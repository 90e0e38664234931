import type { Steps } from '../../core/steps.js'
import type { Kept } from '../backing.js'
import { type Job, jobOf, untilDone } from '../conflict.js'
import type { Change, Entry, TouchOptions } from '../contract.js'
import { asTtl, endsIn } from '../expiry.js'
import { entryOf, find } from '../find.js'
import type { Inner } from '../inner.js'
import { draft } from '../kept.js'
import { asVersion, isVersion, refused } from '../refused.js'

export function* touch<T>(inner: Inner<T>, key: string, ttl: number, options: TouchOptions): Steps<Change<T>> {
  const job = jobOf(inner, key, options)
  const ttlMs = asTtl(ttl, 'ttl')
  const ifVersion = asVersion(options.ifVersion)
  // As in `make`.
  const done = yield* attempt(job, ttlMs, ifVersion)
  return done === 'moved' ? yield* untilDone(job, () => attempt(job, ttlMs, ifVersion), done) : done
}

function* attempt<T>(job: Job<T>, ttlMs: number, ifVersion: string | undefined): Steps<Change<T> | 'moved'> {
  const { inner, key } = job
  const found = yield* find(inner, key)
  if (found === 'moved') return 'moved'
  const { kept, entry } = found
  if (!kept || !entry || entry.gone || !isVersion(kept, ifVersion) || !inner.writes) return refused(entry)
  const moved = yield* moveEnd(job, kept, entry.value, ttlMs)
  return moved === 'moved' ? 'moved' : { ok: true, entry: moved }
}

/** The value is not written again, so its version stays; and a claim on it goes on. */
export function* moveEnd<T>({ inner, key }: Job<T>, kept: Kept, value: T, ttl: number): Steps<Entry<T> | 'moved'> {
  const { version, staleMs, claim } = kept
  const next = yield* draft(kept, {
    kind: 'live',
    version,
    staleMs,
    claim,
    ends: endsIn(ttl),
    data: 'keep',
    whileLive: true,
  })
  const now = yield* inner.backing.commit(key, kept, next)
  return typeof now === 'string' ? 'moved' : entryOf(now, value)
}
