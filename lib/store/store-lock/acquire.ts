// Takes a lock in a store, by a claim on its entry.

import { asFunction, asNumber, refusal } from '../../core/input.js'
import { isTimeout } from '../../core/interruption.js'
import { monotonicMs } from '../../core/moment.js'
import { fs, pending, type Steps } from '../../core/steps.js'
import { ofUser } from '../../parts/cleanup.js'
import { checkOpen } from '../../parts/life.js'
import { type Claimed, isClaimed, isOver, newWatch, pause, type Watch } from '../claim/watch.js'
import { claim } from '../claim.js'
import { type Inner, innerOf } from '../inner.js'
import { checkKey } from '../keys.js'
import { holderIn, lockHeld, unnamedIfLeft } from './errors.js'
import { holdOf, type StoreHold } from './hold.js'
import { nextOf, noteOf } from './note.js'
import type { StoreLockOptions } from './options.js'

export interface Wanted {
  readonly inner: Inner<unknown>
  readonly key: string
  readonly leaseMs: number
  readonly label: string | undefined
  readonly onWait: StoreLockOptions['onWait']
  readonly beganMs: number
  saidAtMs: number
}

/** What is behind the store, if that is open, and may have such a key. */
export function asPlace(store: unknown, key: string): Inner<unknown> {
  const inner = innerOf<unknown>(store)
  checkOpen(inner.life)
  checkKey(key)
  return inner
}

export function asWanted(store: unknown, key: string, options: StoreLockOptions): Wanted {
  return {
    inner: asPlace(store, key),
    key,
    leaseMs: asNumber(options.lease, 'options.lease', 15_000, 1),
    label: asLabel(options.label),
    onWait: asFunction(options.onWait, 'options.onWait'),
    beganMs: monotonicMs(),
    saidAtMs: Number.NEGATIVE_INFINITY,
  }
}

const mostLabel = 200

function asLabel(label: unknown): string | undefined {
  if (label === undefined) return undefined
  if (typeof label !== 'string') throw refusal('ERR_INVALID_ARG_TYPE', 'options.label', 'of type string', label)
  if (label === '') throw refusal('ERR_INVALID_ARG_VALUE', 'options.label', 'a non-empty string', label)
  if (label.length <= mostLabel) return label
  throw refusal('ERR_OUT_OF_RANGE', 'options.label', `at most ${mostLabel} characters`, label)
}

/** Takes the lock, and waits until that is possible. */
export function* acquire(wanted: Wanted): Steps<StoreHold> {
  const { inner, key } = wanted
  const watch = newWatch()
  try {
    for (;;) {
      const taken = yield* tryToTake(wanted, watch)
      if ('held' in taken) return taken
      if ((yield* fs.blocking()) && taken.claim.owner === (yield* inner.backing.claims.self()))
        throw lockHeld(key, yield* holderIn(inner.backing, key, taken), undefined)
      yield* sayWho(wanted)
      yield* pause(inner.backing, key, taken, watch, Number.POSITIVE_INFINITY)
    }
  } catch (error) {
    if (!isTimeout(error)) throw error
    yield* unnamedIfLeft(key)
    // The time-out interrupts once only, so there is time for a last try.
    const taken = yield* tryToTake(wanted, watch)
    if ('held' in taken) {
      yield* fs.ifLeft(undefined)
      return taken
    }
    throw lockHeld(key, yield* holderIn(inner.backing, key, taken), error)
  }
}

/** Takes the lock if that is possible at once. */
export function* tryAcquire(wanted: Wanted): Steps<StoreHold | undefined> {
  const taken = yield* tryToTake(wanted, newWatch())
  return 'held' in taken ? taken : undefined
}

/** Returns the state in which the lock is held, if it is. */
function* tryToTake(wanted: Wanted, watch: Watch): Steps<StoreHold | Claimed> {
  const { inner, key, leaseMs, label } = wanted
  const { backing } = inner
  for (let now = yield* backing.read(key); ; ) {
    const note = yield* noteOf(key, now)
    if (note === 'moved') {
      now = yield* backing.read(key)
      continue
    }
    if (isClaimed(now) && !(yield* isOver(backing, now, watch))) return now
    const since = Date.now()
    const next = (lock: number) => nextOf({ lock, ...(label !== undefined && { label, since }) })
    // Where nothing is known of the holders before, fences begin so high that none of theirs was greater.
    const leastFence = note ? note.lock + 1 : Math.floor(yield* backing.now())
    const taken = yield* claim({ backing, key }, now, { leaseMs, next, leastFence })
    const previous = isClaimed(now) ? 'died' : note ? 'released' : 'none'
    if ('claim' in taken) {
      if (previous === 'died') inner.note('takeover', key)
      return holdOf(taken, previous, since, inner.life)
    }
    now = taken.now
  }
}

const everyMs = 1000

/** The lock is held. An error of the caller's function ends the call. */
function* sayWho(wanted: Wanted): Steps<void> {
  const { inner, key, onWait, beganMs, saidAtMs } = wanted
  if (!onWait || monotonicMs() - saidAtMs < everyMs) return
  const holder = yield* holderIn(inner.backing, key, yield* inner.backing.read(key))
  if (!holder) return
  wanted.saidAtMs = monotonicMs()
  const waiting = { holder, waited: Math.max(0, Math.round(wanted.saidAtMs - beganMs)) }
  yield* ofUser(() => fs.settle(onWait(waiting)))
}

/** Waits for `turn` among the calls of this thread, of which one holds the lock. */
export function* sayWhoUntil(wanted: Wanted, turn: PromiseLike<unknown>): Steps<void> {
  do yield* sayWho(wanted)
  while ((yield* fs.settle(turn, everyMs)) === pending)
}
