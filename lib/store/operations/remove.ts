import type { Steps } from '../../core/steps.js'
import type { Kept } from '../backing.js'
import { type Job, jobOf, untilDone } from '../conflict.js'
import type { Change, RemoveOptions } from '../contract.js'
import { asTtl, endsIn, isLive, isTombstone, sameEnd } from '../expiry.js'
import { asFound, goneOf } from '../find.js'
import type { Inner } from '../inner.js'
import { draft } from '../kept.js'
import { asVersion, isVersion, refused } from '../refused.js'

export function* remove<T>(inner: Inner<T>, key: string, options: RemoveOptions): Steps<Change<T>> {
  const job = jobOf(inner, key, options)
  const ifVersion = asVersion(options.ifVersion)
  const forMs = options.tombstone ? asTtl(options.tombstone, 'options.tombstone') : 0
  // As in `make`.
  const done = yield* attempt(job, ifVersion, forMs)
  return done === 'moved' ? yield* untilDone(job, () => attempt(job, ifVersion, forMs), done) : done
}

function* attempt<T>(job: Job<T>, ifVersion: string | undefined, forMs: number): Steps<Change<T> | 'moved'> {
  const { inner, key } = job
  const kept = yield* inner.backing.read(key)
  if (!inner.writes || (isLive(kept) && !isVersion(kept, ifVersion))) {
    const there = yield* asFound(inner, key, kept)
    return there === 'moved' ? 'moved' : refused(there.entry)
  }
  if (isLive(kept)) return yield* takeAway(job, kept, forMs)
  // There is nothing to take away. What a call makes meanwhile was made of what this call does not want to be there.
  if (ifVersion === undefined && kept && (yield* dropMaking(job, kept)) === 'moved') return 'moved'
  return refused(isTombstone(kept) ? goneOf(kept) : undefined)
}

function* takeAway<T>({ inner, key }: Job<T>, kept: Kept, forMs: number): Steps<Change<T> | 'moved'> {
  const tombstone = { kind: 'gone', ends: endsIn(forMs), data: undefined, whileLive: true } as const
  const next = forMs > 0 ? yield* draft(kept, tombstone) : undefined
  const now = yield* inner.backing.commit(key, kept, next)
  return now === 'moved' ? 'moved' : { ok: true, entry: undefined }
}

/** Drops a claim, and a value that is kept for those that take a stale one. */
function* dropMaking({ inner, key }: Job<unknown>, kept: Kept): Steps<unknown> {
  if (!isTombstone(kept)) return yield* inner.backing.commit(key, kept, undefined)
  if (kept.claim === undefined) return undefined
  const { version } = kept
  const next = yield* draft(kept, { kind: 'gone', version, ends: sameEnd(kept), data: undefined })
  return yield* inner.backing.commit(key, kept, next)
}
