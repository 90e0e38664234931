// The calls of one thread that are without a value for the same key have one flight: one of them makes the value, or waits for
// another process, and all get what comes of it. Each leaves when its own time is over; when the last has left, the work is
// asked to end.

import { drive } from '../../core/drive.js'
import { fs, type Outcome, pending, type Steps, unwrap } from '../../core/steps.js'
import { longestTimerMs } from '../../core/wait.js'
import { happened } from '../../parts/happenings.js'
import type { Backing, Claim } from '../backing.js'
import { isOwn } from '../claim.js'
import { keyClaimed } from './errors.js'
import type { OwnJob } from './job.js'
import { beLate } from './late.js'
import { look, type Sight } from './look.js'
import { obtain } from './obtain.js'
import type { Got, Source } from './options.js'
import { gotEntry, newProgress, type Progress } from './progress.js'

/** Numbers the looks of this thread, so that it is known which of them came after a claim. */
let looks = 0

class Flight<T> {
  readonly progress: Progress<T>
  readonly outcome: Promise<Outcome<Got<T>>>
  readonly #stop = new AbortController()
  readonly #baseId: string | undefined
  readonly #leaveMap: () => void
  #callers = 0
  /** The last look before its work began. */
  #lookBefore: number | undefined

  constructor(job: OwnJob<T>, sight: Sight<T>) {
    this.#baseId = sight.now?.id
    const identity = job.inner.identityOf(job.key)
    this.#leaveMap = () => {
      if (flights.get(identity) === this) flights.delete(identity)
    }
    flights.set(identity, this as Flight<unknown>)
    this.progress = newProgress<T>(job.waitMs, () => {
      this.#lookBefore = looks
    })
    this.outcome = drive(obtain(job, sight, this.progress), { signal: this.#stop.signal }).then(
      value => this.#ended({ value }),
      error => this.#ended({ error }),
    )
  }

  #ended(outcome: Outcome<Got<T>>): Outcome<Got<T>> {
    this.#leaveMap()
    return outcome
  }

  board(): void {
    this.#callers++
  }

  leave(): void {
    if (--this.#callers > 0) return
    this.#leaveMap()
    this.#stop.abort()
  }

  /** Is what comes of it new enough? What was removed before a call began is not for that call. */
  isFor({ now }: Sight<T>, lookedAs: number): boolean {
    const { held, waitsFor } = this.progress
    if (waitsFor || this.#lookBefore === undefined || lookedAs <= this.#lookBefore) return true
    return held ? isOwn(now, held) : now?.id === this.#baseId
  }

  /** For whose claim those wait that have joined it. */
  *claim({ claims }: Backing): Steps<Claim> {
    const { held, waitsFor } = this.progress
    return held?.claim ?? waitsFor ?? { owner: yield* claims.self(), fence: 0, leaseMs: 0 }
  }
}

/** Those of this thread that are under way, by the identities of their values. */
const flights = new Map<string, Flight<unknown>>()

/** What the call finds, with the number of its look. */
export interface Found<T> {
  readonly sight: Sight<T>
  readonly lookedAs: number
}

export function* find<T>(job: OwnJob<T>, begin?: (now: Sight<T>['now']) => void): Steps<Found<T>> {
  const lookedAs = ++looks
  const { backing } = job.inner
  // At first a copy will do, if any value will do: what is made of it is judged by the store.
  const takesCopy = begin && !job.isAnew && job.refused === undefined
  const now = yield* takesCopy && backing.glance ? backing.glance(job.key) : backing.read(job.key)
  begin?.(now)
  return { sight: yield* look(job, now), lookedAs }
}

/** Gets what a flight brings: that which is under way, or one that this call begins. */
export function* fly<T>(job: OwnJob<T>, first: Found<T>): Steps<Got<T>> {
  const { backing } = job.inner
  const sinceMs = yield* fs.now()
  for (let found = first; ; found = yield* find(job)) {
    const { fresh } = found.sight
    if (fresh) return gotEntry(fresh, 'waited')
    const { flight, isNew } = flightFor(job, found)
    // It would wait for itself.
    if (job.around.includes(flight.progress.work))
      throw yield* keyClaimed(backing, job.key, yield* flight.claim(backing), undefined)
    const outcome = yield* ride(flight, isNew ? Number.POSITIVE_INFINITY : sinceMs + job.waitMs - (yield* fs.now()))
    if (outcome === pending) return yield* beLate(job, yield* flight.claim(backing), job.waitMs)
    if (isNew) return unwrap(outcome)
    // It was not this call that had no more time.
    if (flight.progress.isLate) continue
    const got = unwrap(outcome)
    if (isGood(job, got)) return { ...got, source: sourceForOthers[got.source] }
  }
}

function flightFor<T>(job: OwnJob<T>, { sight, lookedAs }: Found<T>): { flight: Flight<T>; isNew: boolean } {
  const flight = flights.get(job.inner.identityOf(job.key)) as Flight<T> | undefined
  if (flight?.isFor(sight, lookedAs)) return { flight, isNew: false }
  return { flight: new Flight(job, sight), isNew: true }
}

/** Returns `pending` if the call has waited for so long. The flight that a call has begun sees to that itself. */
function* ride<T>(flight: Flight<T>, ms: number): Steps<Outcome<Got<T>> | typeof pending> {
  flight.board()
  try {
    if (ms > longestTimerMs) return yield* fs.settle(flight.outcome)
    return yield* fs.settle(flight.outcome, Math.max(0, ms))
  } finally {
    flight.leave()
  }
}

/** A call that has begun a flight may be content with less than one that has joined it. */
function isGood<T>(job: OwnJob<T>, { version, source }: Got<T>): boolean {
  if (source === 'stale' && job.staleMs === 0) return false
  return version === undefined || version !== job.refused
}

const sourceForOthers: Record<Source, Source> = {
  hit: 'waited',
  made: 'waited',
  waited: 'waited',
  met: 'waited',
  stale: 'stale',
  unstored: 'unstored',
}

/** The old value is returned, and meanwhile a new one is made, unless that is under way. */
export function refreshBehind<T>(job: OwnJob<T>, found: Found<T>): void {
  const { flight, isNew } = flightFor(job, found)
  if (!isNew) return
  flight.board()
  flight.outcome.then(outcome => {
    flight.leave()
    // No call waits for it.
    if ('error' in outcome) happened('holdfast:refresh-failed', { key: job.key, error: outcome.error })
  })
}
