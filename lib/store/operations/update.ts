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
  const next = newValueOf(inner, key, value)
  // What this thread made last may save the look. It decides nothing: if it is not there any more, the commit says so.
  let recalled = yield* recall(inner, key)
  return yield* untilDone(job, function* (): Steps<Change<T> | 'moved'> {
    const isGuess = recalled !== undefined && isVersion(recalled, ifVersion)
    const kept = isGuess ? recalled : yield* inner.backing.read(key)
    recalled = undefined
    if (!isLive(kept) || !isVersion(kept, ifVersion) || !inner.writes) {
      const there = yield* asFound(inner, key, kept)
      return there === 'moved' ? 'moved' : refused(there.entry)
    }
    const made = yield* next(kept, () => asFound(inner, key, kept), isGuess)
    if (made === 'moved') return 'moved'
    return made ? yield* replace(job, kept, made, ends(kept)) : refused(undefined)
  })
}

function* recall({ backing, writes }: Inner<unknown>, key: string): Steps<Kept | undefined> {
  const kept = writes && backing.recall ? yield* backing.recall(key) : undefined
  return isLive(kept) ? kept : undefined
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
function newValueOf<T>(inner: Inner<T>, key: string, value: NewValue<T>) {
  if (typeof value === 'function') return madeBy(inner, key, value as (old: Entry<T>) => T | Promise<T>)
  const made = { value: value as T, bytes: encode(inner, value as T) }
  return () => just(() => made)
}

function madeBy<T>(inner: Inner<T>, key: string, change: (old: Entry<T>) => T | Promise<T>) {
  let last: { readonly version: string; readonly made: Made<T> } | undefined
  return function* (
    kept: Kept,
    read: () => Steps<Found<T> | 'moved'>,
    isGuess: boolean,
  ): Steps<Made<T> | 'moved' | undefined> {
    // A touch or a claim has come in between: what was made of this very value is right still.
    if (last?.version === kept.version) return last.made
    const found = yield* read()
    if (found === 'moved') return 'moved'
    const { entry } = found
    if (!entry || entry.gone) return isGuess ? 'moved' : undefined
    const made = yield* ofUser(() =>
      makeOf(inner, change, entry, isGuess ? () => isStill(inner, key, kept) : undefined),
    )
    if (made !== 'moved') last = { version: kept.version, made }
    return made
  }
}

/** `isStill`: does a look show that the old value is there? Undefined: it was read. */
function* makeOf<T>(
  inner: Inner<T>,
  change: (old: Entry<T>) => T | Promise<T>,
  entry: Entry<T>,
  isStill: (() => Steps<boolean>) | undefined,
): Steps<Made<T> | 'moved'> {
  try {
    const value = (yield* fs.settle(change(entry))) as T
    if (value === undefined) throw noValue()
    return { value, bytes: encode(inner, value) }
  } catch (error) {
    // With what is there it may not throw.
    if (isStill && !(yield* isStill())) return 'moved'
    throw error
  }
}

function* isStill({ backing }: Inner<unknown>, key: string, { id }: Kept): Steps<boolean> {
  return (yield* backing.read(key))?.id === id
}

function noValue(): Error {
  const message = 'The function that makes the new value must return one, not undefined'
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_RETURN_VALUE' })
}
