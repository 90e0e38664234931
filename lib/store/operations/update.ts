import { isInterruption } from '../../core/interruption.js'
import type { LatePlace } from '../../core/queue.js'
import { fs, type Steps } from '../../core/steps.js'
import type { Draft, Kept } from '../backing.js'
import { encode } from '../codec.js'
import { type Job, jobOf, untilDone } from '../conflict.js'
import type { Change, Entry, NewValue, UpdateOptions } from '../contract.js'
import { asTtl, endsIn, isLive, sameEnd } from '../expiry.js'
import { asFound, entryOf, foundIn } from '../find.js'
import type { Inner } from '../inner.js'
import { draftOf } from '../kept.js'
import { asVersion, isVersion, refused } from '../refused.js'

/** An update under way. */
interface Updating<T> {
  readonly job: Job<T>
  readonly ifVersion: string | undefined
  /** When the new value ends; undefined: when the old one does. */
  readonly ends: { readonly from: Draft['ends'] } | undefined
  /** How the new value is made of the old one; undefined: it was given. */
  readonly change: ((old: Entry<T>) => T | Promise<T>) | undefined
  /** The new value, and the version that it was made of, if it was. */
  made: Made<T> | undefined
  madeOf: string | undefined
  /**
   * What this thread made last may save the look. It decides nothing: if it is not there any more, the commit says so.
   */
  recalled: Kept | undefined
}

interface Made<T> {
  readonly value: T
  readonly bytes: Uint8Array
}

export function* update<T>(
  inner: Inner<T>,
  key: string,
  value: NewValue<T>,
  options: UpdateOptions,
  place?: LatePlace,
): Steps<Change<T>> {
  const updating = updatingOf(jobOf(inner, key, options, place), value, options)
  const { backing, writes } = inner
  if (backing.recall && writes) updating.recalled = yield* backing.recall(key)
  // Usually one attempt is enough, and `untilDone` around it would cost as much again as a quick engine.
  const done = yield* attempt(updating)
  return done === 'moved' ? yield* untilDone(updating.job, () => attempt(updating), done) : done
}

function updatingOf<T>(job: Job<T>, value: NewValue<T>, { ifVersion, ttl = 'keep' }: UpdateOptions): Updating<T> {
  const change = typeof value === 'function' ? (value as (old: Entry<T>) => T | Promise<T>) : undefined
  return {
    job,
    ifVersion: asVersion(ifVersion),
    ends: ttl === 'keep' ? undefined : { from: endsIn(asTtl(ttl, 'options.ttl')) },
    change,
    made: change ? undefined : { value: value as T, bytes: encode(job.inner, value as T) },
    madeOf: undefined,
    recalled: undefined,
  }
}

function* attempt<T>(updating: Updating<T>): Steps<Change<T> | 'moved'> {
  const { job, ifVersion, change } = updating
  const { inner, key } = job
  const recalled = isLive(updating.recalled) && isVersion(updating.recalled, ifVersion) ? updating.recalled : undefined
  updating.recalled = undefined
  const kept = recalled ?? (yield* inner.backing.read(key))
  if (!isLive(kept) || !isVersion(kept, ifVersion) || !inner.writes) {
    const there = yield* asFound(inner, key, kept)
    return there === 'moved' ? 'moved' : refused(there.entry)
  }
  // A touch or a claim has come in between: what was made of this very value is right still.
  if (change && updating.madeOf !== kept.version) {
    const isGuess = recalled !== undefined
    const found = foundIn(inner, key, kept, yield* kept.data())
    if (found === 'moved') return 'moved'
    const { entry } = found
    // What is damaged counts as nothing. Of a guess, nothing has shown that it is there.
    if (!entry || entry.gone) return isGuess ? 'moved' : refused(undefined)
    try {
      const returned = change(entry)
      keepMade(updating, kept, isPromise(returned) ? ((yield* fs.settle(returned)) as T) : returned)
    } catch (error) {
      if (yield* isOfGuess(job, kept, isGuess, error)) return 'moved'
      yield* fs.postpone(error)
      throw error
    }
  }
  // A claim is dropped, so the call that makes a value anew finds this one.
  const { value, bytes: data } = updating.made as Made<T>
  const ends = updating.ends ? updating.ends.from : sameEnd(kept)
  const id = inner.ids.next() ?? (yield* inner.ids.draw())
  const next = draftOf(id, kept, { kind: 'live', staleMs: kept.staleMs, ends, data, whileLive: true })
  const now = yield* inner.backing.commit(key, kept, next)
  return typeof now === 'string' ? 'moved' : { ok: true, entry: entryOf(now, value) }
}

function keepMade<T>(updating: Updating<T>, { version }: Kept, value: T): void {
  if (value === undefined) throw noValue()
  updating.made = { value, bytes: encode(updating.job.inner, value) }
  updating.madeOf = version
}

/** What the function throws at an entry that is not there any more does not count. */
function* isOfGuess<T>({ inner, key }: Job<T>, kept: Kept, isGuess: boolean, error: unknown): Steps<boolean> {
  if (isInterruption(error)) throw error
  return isGuess && (yield* inner.backing.read(key))?.id !== kept.id
}

const isPromise = <T>(value: T | Promise<T>): value is Promise<T> =>
  typeof (value as Partial<Promise<T>> | null | undefined)?.then === 'function'

function noValue(): Error {
  const message = 'The function that makes the new value must return one, not undefined'
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_RETURN_VALUE' })
}
