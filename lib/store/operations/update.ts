import type { LatePlace } from '../../core/queue.js'
import { fs, type Steps } from '../../core/steps.js'
import { ofUser } from '../../parts/cleanup.js'
import type { Kept } from '../backing.js'
import { encode } from '../codec.js'
import { type Job, jobOf, untilDone } from '../conflict.js'
import type { Change, Entry, NewValue, UpdateOptions } from '../contract.js'
import { asTtl, endsIn, isLive, sameEnd } from '../expiry.js'
import { asFound, entryOf, type Found } from '../find.js'
import type { Inner } from '../inner.js'
import { just } from '../just.js'
import { draft } from '../kept.js'
import { asVersion, isVersion, refused } from '../refused.js'

export function* update<T>(
  inner: Inner<T>,
  key: string,
  value: NewValue<T>,
  options: UpdateOptions,
  place?: LatePlace,
): Steps<Change<T>> {
  const job = jobOf(inner, key, options, place)
  const ifVersion = asVersion(options.ifVersion)
  const ends = asEnds(options.ttl)
  const next = newValueOf(inner, value)
  return yield* untilDone(job, function* (): Steps<Change<T> | 'moved'> {
    const kept = yield* inner.backing.read(key)
    if (!isLive(kept) || !isVersion(kept, ifVersion) || !inner.writes) {
      const there = yield* asFound(inner, key, kept)
      return there === 'moved' ? 'moved' : refused(there.entry)
    }
    const made = yield* next(kept, () => asFound(inner, key, kept))
    if (made === 'moved') return 'moved'
    return made ? yield* replace(job, kept, made, ends(kept)) : refused(undefined)
  })
}

function asEnds(ttl: number | 'keep' = 'keep') {
  if (ttl === 'keep') return sameEnd
  const end = endsIn(asTtl(ttl, 'options.ttl'))
  return () => end
}

function* replace<T>(
  { inner, key }: Job<T>,
  kept: Kept,
  { value, bytes }: Made<T>,
  ends: ReturnType<typeof sameEnd>,
): Steps<Change<T> | 'moved'> {
  // A claim is dropped, so the call that makes a value anew finds this one.
  const next = yield* draft(kept, { kind: 'live', staleMs: kept.staleMs, ends, data: bytes })
  const now = yield* inner.backing.commit(key, kept, next)
  return typeof now === 'string' ? 'moved' : { ok: true, entry: entryOf(now, value) }
}

interface Made<T> {
  readonly value: T
  readonly bytes: Uint8Array
}

/** Returns how to make the new value of a state; undefined: the old one is damaged. */
function newValueOf<T>(inner: Inner<T>, value: NewValue<T>) {
  if (typeof value === 'function') return madeBy(inner, value as (old: Entry<T>) => T | Promise<T>)
  const made = { value: value as T, bytes: encode(inner, value as T) }
  return () => just(() => made)
}

function madeBy<T>(inner: Inner<T>, change: (old: Entry<T>) => T | Promise<T>) {
  let last: { readonly version: string; readonly made: Made<T> } | undefined
  return function* (kept: Kept, read: () => Steps<Found<T> | 'moved'>): Steps<Made<T> | 'moved' | undefined> {
    // A touch or a claim has come in between: what was made of this very value is right still.
    if (last?.version === kept.version) return last.made
    const found = yield* read()
    if (found === 'moved') return 'moved'
    const { entry } = found
    if (!entry || entry.gone) return undefined
    const value = yield* ofUser(() => fs.settle(change(entry)))
    if (value === undefined) throw noValue()
    const made = { value: value as T, bytes: encode(inner, value as T) }
    last = { version: kept.version, made }
    return made
  }
}

function noValue(): Error {
  const message = 'The function that makes the new value must return one, not undefined'
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_RETURN_VALUE' })
}
